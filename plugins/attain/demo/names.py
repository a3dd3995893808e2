"""Names for the sample company: people, customers, places.

Every name is made from a number by a fixed walk through all combinations, so that two numbers never share a name,
however many people and customers a large scale asks for, and no set of used names has to be kept in memory.
"""

from __future__ import annotations

EMAIL_DOMAIN = "hengtai.example"


def _words(text: str) -> list[str]:
    return text.split()


_SURNAMES = _words(
    "王wang 李li 张zhang 刘liu 陈chen 杨yang 赵zhao 黄huang 周zhou 吴wu 徐xu 孙sun 胡hu 朱zhu 高gao 林lin 何he 郭guo "
    "马ma 罗luo 梁liang 宋song 郑zheng 谢xie 韩han 唐tang 冯feng 于yu 董dong 萧xiao 程cheng 曹cao 袁yuan 邓deng 许xu "
    "傅fu 沈shen 曾zeng 彭peng 吕lv 苏su 卢lu 蒋jiang 蔡cai 贾jia 丁ding 魏wei 薛xue 叶ye 阎yan"
)
_GIVEN_FIRST = _words(
    "子zi 文wen 志zhi 晓xiao 雨yu 思si 嘉jia 明ming 国guo 建jian 海hai 俊jun 佳jia 雅ya 梦meng 欣xin 宇yu 天tian "
    "浩hao 泽ze 诗shi 一yi 若ruo 书shu 云yun 春chun 秋qiu 立li 永yong 振zhen 家jia 少shao 亦yi 景jing 庆qing 学xue "
    "启qi 承cheng 锦jin 念nian 兆zhao 逸yi 安an 宏hong 正zheng 玉yu 冠guan 维wei 柏bo 可ke"
)
_GIVEN_SECOND = _words(
    "轩xuan 涵han 杰jie 辉hui 敏min 琳lin 鹏peng 飞fei 静jing 洁jie 婷ting 磊lei 强qiang 军jun 芳fang 娜na 超chao "
    "勇yong 艳yan 涛tao 博bo 睿rui 凯kai 琪qi 瑶yao 然ran 彤tong 哲zhe 源yuan 航hang 宁ning 颖ying 妍yan 晨chen "
    "阳yang 霖lin 峰feng 森sen 霞xia 岚lan 远yuan 青qing 舟zhou 铭ming 成cheng 倩qian 恒heng 毅yi 斌bin 旭xu 楠nan "
    "凡fan 卓zhuo 翔xiang 钧jun 宸chen 禾he 珂ke 川chuan"
)
_GIVEN_SECOND.append("")

_CITIES = _words(
    "苏州 无锡 常州 南通 宁波 温州 嘉兴 绍兴 杭州 上海 南京 合肥 芜湖 青岛 济南 烟台 潍坊 天津 北京 石家庄 唐山 大连 "
    "沈阳 长春 郑州 洛阳 武汉 襄阳 长沙 株洲 广州 佛山 东莞 中山 珠海 深圳 惠州 厦门 泉州 成都"
)
_BRAND_FIRST = _words(
    "恒 瑞 华 盛 精 宏 金 天 中 鼎 凯 新 德 亿 博 远 汇 百 永 正 联 启 晶 卓 立 科 光 海 龙 银 东 同 伟 兴 富 创 泰 "
    "万 信 利"
)
_BRAND_SECOND = _words(
    "达 泰 信 源 鑫 诺 威 通 丰 锐 力 晟 辰 图 合 科 杰 隆 邦 驰 胜 美 腾 能 益 嘉 特 林 格 奥 迪 朗 铭 亚 图斯 创 "
    "康 正 芯 航"
)
_TRADES = _words(
    "精密机械 汽车零部件 电子科技 新能源 化工 包装材料 食品 医疗器械 半导体 自动化设备 纺织 铝业 模具 光电 轨道装备 "
    "钢结构 锂电 环保设备 家居 仪器仪表"
)

_STEMS = _words("Nor Kal Bren Tor Val Mar Han Sol Lin Ash Wel Dor Fen Gra Hol Kir Lau Ost Ren Stav")
_ENDINGS = _words("berg wick mond ridge sten dale vik ton haven field mere burg stad ley feld")
_BUSINESSES = _words(
    "Components Automation Packaging Precision Industrial Systems Controls Foods Chemicals Plastics Motors "
    "Electronics Instruments Logistics Textiles Metals Hydraulics Robotics Castings Tooling Bearings Polymers Optics "
    "Energy Marine Aerospace Sensors Machinery Pumps Valves Ceramics Glass Paper Printing Medical Devices Semicon "
    "Batteries Fasteners Conveyors"
)
_LEGAL_FORMS = (
    ("GmbH", "Germany", "Bavaria"),
    ("AG", "Germany", "Hesse"),
    ("GmbH & Co. KG", "Germany", "Saxony"),
    ("B.V.", "Netherlands", "North Brabant"),
    ("S.r.l.", "Italy", "Lombardy"),
    ("S.A.S.", "France", "Île-de-France"),
    ("SARL", "France", "Occitanie"),
    ("S.L.", "Spain", "Catalonia"),
    ("Inc.", "United States", "Ohio"),
    ("LLC", "United States", "Texas"),
    ("Corp.", "United States", "Illinois"),
    ("Company, Inc.", "United States", "California"),
    ("Ltd.", "Canada", "Ontario"),
    ("Sdn. Bhd.", "Malaysia", "Penang"),
    ("Pte. Ltd.", "Singapore", "Singapore"),
    ("Co., Ltd.", "Thailand", "Rayong"),
    ("K.K.", "Japan", "Aichi"),
    ("Kogyo K.K.", "Japan", "Osaka"),
    ("Seiki K.K.", "Japan", "Nagano"),
    ("S.A. de C.V.", "Mexico", "Nuevo León"),
)

PERSON_NAMES = len(_SURNAMES) * len(_GIVEN_FIRST) * len(_GIVEN_SECOND)
CHINESE_COMPANIES = len(_CITIES) * len(_BRAND_FIRST) * len(_BRAND_SECOND) * len(_TRADES)
FOREIGN_COMPANIES = len(_STEMS) * len(_ENDINGS) * len(_BUSINESSES) * len(_LEGAL_FORMS)
# A stride that shares no factor with the number of combinations visits each of them once before it repeats.
PERSON_STRIDE = 61_813
CHINESE_COMPANY_STRIDE = 523_877
FOREIGN_COMPANY_STRIDE = 101_159


def _split(entry: str) -> tuple[str, str]:
    return (entry[:1], entry[1:])


_SURNAME_PAIRS = [_split(entry) for entry in _SURNAMES]
_FIRST_PAIRS = [_split(entry) for entry in _GIVEN_FIRST]
_SECOND_PAIRS = [_split(entry) for entry in _GIVEN_SECOND]


def person(number: int) -> tuple[str, str]:
    """The name and its pinyin (surname last, for an e-mail address) of person `number`, counted from 0."""
    rest, second = divmod(number * PERSON_STRIDE % PERSON_NAMES, len(_SECOND_PAIRS))
    surname, first = divmod(rest, len(_FIRST_PAIRS))
    family, family_pinyin = _SURNAME_PAIRS[surname]
    one, one_pinyin = _FIRST_PAIRS[first]
    two, two_pinyin = _SECOND_PAIRS[second]
    return f"{family}{one}{two}", f"{one_pinyin}{two_pinyin}.{family_pinyin}"


def chinese_company(number: int) -> tuple[str, str, str]:
    """Name, city and trade of the Chinese customer `number`, counted from 0."""
    rest, trade = divmod(number * CHINESE_COMPANY_STRIDE % CHINESE_COMPANIES, len(_TRADES))
    rest, second = divmod(rest, len(_BRAND_SECOND))
    city, first = divmod(rest, len(_BRAND_FIRST))
    name = f"{_CITIES[city]}{_BRAND_FIRST[first]}{_BRAND_SECOND[second]}{_TRADES[trade]}有限公司"
    return name, _CITIES[city], _TRADES[trade]


def foreign_company(number: int) -> tuple[str, str, str, str]:
    """Name, country, state and business of the foreign customer `number`, counted from 0."""
    rest, form = divmod(number * FOREIGN_COMPANY_STRIDE % FOREIGN_COMPANIES, len(_LEGAL_FORMS))
    rest, business = divmod(rest, len(_BUSINESSES))
    stem, ending = divmod(rest, len(_ENDINGS))
    legal_form, country, state = _LEGAL_FORMS[form]
    name = f"{_STEMS[stem]}{_ENDINGS[ending]} {_BUSINESSES[business]} {legal_form}"
    return name, country, state, _BUSINESSES[business]
