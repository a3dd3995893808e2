"""Archives in the inbox: a gzip of one file, and a zip whose members are files of one feed (or of one mapping).

What an archive says of itself is not believed: names, sizes and counts are checked before anything is written, and
the bytes are counted again while they are unpacked, one member at a time, into a scratch folder under names of our
own. Memory does not grow with the archive.
"""

from __future__ import annotations

import gzip
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from attain.ingest import tables
from attain.ingest.rejected import Rejected
from attain.ingest.tables import FileFacts

GZIP = (".gz",)
ZIP = (".zip",)
ARCHIVES = (*GZIP, *ZIP)
MAX_MEMBERS = 1_000
_PACKED = (*ARCHIVES, ".tgz", ".tar", ".bz2", ".xz", ".zst", ".7z", ".rar", ".cab", ".jar")
_DIRECTORY_BYTES_A_MEMBER = 4 << 10
_SEND_PLAIN = "unpack it and put its files into the inbox"


@dataclass(frozen=True)
class Piece:
    """One file to read: the delivered file itself, or one that was unpacked from it.

    Attributes:
        path: where the bytes are; for an unpacked one only until the next is asked for.
        file_name: as the register shows it, `zoho_crm/deals/backup.zip!Data/Deals_001.csv` for a member.
        name: last part of its own name, without `.gz`; says format and, with a mapping, meaning.
        member: its name in the zip; None for other files.
        facts: of its own bytes, unpacked.
    """

    path: Path
    file_name: str
    name: str
    member: str | None
    facts: FileFacts


def is_archive(name: str) -> bool:
    """Whether a file of that name is unpacked before it is read."""
    return Path(name).suffix.casefold() in ARCHIVES


def pieces(path: Path, file_name: str, facts: FileFacts, scratch: Path) -> Iterator[Piece]:
    """The files that a delivered file holds: itself, or the members of an archive in the order of their names.

    Args:
        path: where the delivered bytes are.
        file_name: path below the inbox.
        facts: what `tables.look` told of it.
        scratch: existing folder; each piece is removed from it when the next is asked for.

    Raises:
        Rejected: the archive is damaged, locked, too large when unpacked, or has members that it must not have.
    """
    name = Path(file_name).name
    suffix = Path(name).suffix.casefold()
    if suffix not in ARCHIVES or facts.byte_size == 0:
        yield Piece(path, file_name, name, None, facts)
    elif suffix in GZIP:
        inner = Path(name).stem
        if Path(inner).suffix.casefold() in _PACKED:
            raise Rejected(f"it holds {inner}, another archive; archives in archives are not read", _SEND_PLAIN)
        unpacked = scratch / f"unpacked{Path(inner).suffix.casefold()}"
        yield Piece(unpacked, file_name, inner, None, _gunzip(path, unpacked, facts.byte_size))
    else:
        yield from _members(path, file_name, facts.byte_size, scratch)


def is_cut_off(path: Path) -> bool:
    """Whether the end of an archive is missing, as while it is still being written."""
    if path.suffix.casefold() in ZIP:
        return not zipfile.is_zipfile(path)
    allowed = _Allowance(path.stat().st_size)
    try:
        with gzip.open(path) as source:
            while chunk := source.read(tables.BLOCK_BYTES):
                allowed.take(len(chunk))
    except (EOFError, OSError, zlib.error):
        return True
    except Rejected:
        return False
    return False


class _Allowance:
    """How much an archive of some size may unpack to; every byte that comes out is taken from it."""

    def __init__(self, packed_bytes: int) -> None:
        self.packed = packed_bytes
        self.unpacked = 0

    def take(self, size: int) -> None:
        self.unpacked += size
        if self.unpacked > tables.MAX_UNPACKED_BYTES or (
            self.unpacked > tables.FREE_UNPACKED_BYTES and self.unpacked > tables.MAX_EXPANSION * self.packed
        ):
            raise Rejected(
                f"the archive unpacks to more than {(self.unpacked - 1) >> 20} MB, far more than its size "
                f"({self.packed} bytes) allows",
                f"{_SEND_PLAIN}, in parts if it is really that large",
            )


def _gunzip(path: Path, target: Path, packed: int) -> tables.FileFacts:
    allowed = _Allowance(packed)
    try:
        with gzip.open(path) as source, target.open("wb") as made:
            return _pour(source, made, allowed)
    except EOFError:
        raise Rejected("the gzip file is cut off before its end", "send it again") from None
    except (OSError, zlib.error) as error:
        if getattr(error, "errno", None) is not None:  # of the disk, not of the file
            raise
        raise Rejected(f"the gzip file is damaged: {error}", "send it again") from None


def _pour(source: gzip.GzipFile | IO[bytes], target: IO[bytes], allowed: _Allowance) -> tables.FileFacts:
    """Unpack, and look at the bytes on their way."""
    with tables.Look(is_busy=True) as seen:
        while chunk := source.read(tables.BLOCK_BYTES):
            allowed.take(len(chunk))
            target.write(chunk)
            seen.take(chunk)
        return seen.facts()


def _members(path: Path, file_name: str, packed: int, scratch: Path) -> Iterator[Piece]:
    allowed = _Allowance(packed)
    try:
        _refuse_long_directory(path)
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, struct.error, NotImplementedError, ValueError) as error:
        raise Rejected(f"the zip is damaged or only half there: {error}", "send it again") from None
    with archive:
        for number, (member, info) in enumerate(_checked(archive, packed)):
            unpacked = scratch / f"member-{number}{PurePosixPath(member).suffix.casefold()}"
            try:
                with archive.open(info) as source, unpacked.open("wb") as made:
                    facts = _pour(source, made, allowed)
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                raise Rejected(f"{member}: this member of the zip is damaged: {error}", "send it again") from None
            except (NotImplementedError, RuntimeError) as error:
                raise Rejected(f"{member}: this member of the zip can't be unpacked: {error}", _SEND_PLAIN) from None
            try:
                shown = f"{file_name}!{member}"
                yield Piece(unpacked, shown, PurePosixPath(member).name, member, facts)
            finally:
                unpacked.unlink(missing_ok=True)


def _refuse_long_directory(path: Path) -> None:
    """Refuse a zip with too many members before its list of them is read into memory."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - (1 << 16) - 22))
        tail = stream.read()
        end = tail.rfind(b"PK\x05\x06")
        if end < 0:
            raise zipfile.BadZipFile("it has no end")
        (directory,) = struct.unpack_from("<L", tail, end + 12)
        if end >= 20 and tail.startswith(b"PK\x06\x07", end - 20):  # of a large zip the true size lies elsewhere
            (offset,) = struct.unpack_from("<Q", tail, end - 20 + 8)
            stream.seek(min(offset, size))
            (directory,) = struct.unpack_from("<Q", stream.read(56), 40)
    if directory > MAX_MEMBERS * _DIRECTORY_BYTES_A_MEMBER:
        raise Rejected(f"the zip lists far more than {MAX_MEMBERS} members", _SEND_PLAIN)


def _checked(archive: zipfile.ZipFile, packed: int) -> list[tuple[str, zipfile.ZipInfo]]:
    """The members to read, by name, after all of them have been looked at."""
    found: dict[str, tuple[str, zipfile.ZipInfo]] = {}
    declared = _Allowance(packed)
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise Rejected(f"the zip has {len(infos)} members, more than {MAX_MEMBERS}", _SEND_PLAIN)
    for info in infos:
        name = _name(info)
        parts = name.replace("\\", "/").split("/")
        shown = name.encode("unicode_escape").decode() if not name.isprintable() else name
        if not name.isprintable() or parts[0] == "" or ".." in parts or parts[0][1:2] == ":":
            raise Rejected(
                f"a member is called {shown!r}, which leads out of the archive or can't be shown",
                "pack it again, with plain relative names",
            )
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise Rejected(f"the member {shown} is a link or a device, no file", "pack the file itself")
        if info.is_dir() or parts[-1] == "":
            continue
        # what desktops leave beside the files
        is_left = parts[-1].startswith((".", "~$")) or parts[-1].casefold() in ("thumbs.db", "desktop.ini", "icon\r")
        if "__MACOSX" in parts[:-1] or is_left:
            continue
        form = unicodedata.normalize("NFC", "/".join(parts)).casefold()
        if form in found:
            raise Rejected(f"two members are called {shown}", "pack it again; each name once")
        if info.flag_bits & 1:
            raise Rejected(f"the member {shown} is locked with a password", "pack it without a password")
        if PurePosixPath(parts[-1]).suffix.casefold() in _PACKED:
            raise Rejected(f"it holds {shown}, another archive; archives in archives are not read", _SEND_PLAIN)
        declared.take(info.file_size)
        found[form] = "/".join(parts), info
    if not found:
        raise Rejected("the zip holds no file", "pack the export into it")
    return sorted(found.values(), key=lambda item: item[0])


def _name(info: zipfile.ZipInfo) -> str:
    """The member's name; those without the UTF-8 mark come from Windows in China more often than from DOS."""
    if info.flag_bits & 0x800:
        return info.orig_filename
    stored = info.orig_filename.encode("cp437")
    for encoding in ("utf-8", "gb18030"):
        try:
            return stored.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.orig_filename
