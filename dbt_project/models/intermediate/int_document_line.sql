-- Lines of contracts and of invoices, by which what happens to them is credited (rule C1). A document that is not here
-- is one line: itself. Its amount is what was signed; the lines tell how it is made up, so that their amounts are
-- weights, whatever they add up to.
--
-- A line counts where its amount is above 0. One of 0 (a gift) has no part of the money, and what one below 0 takes off
-- (a discount, a trade-in) is borne by all the others. Where a line has no amount nobody can say how the document is
-- made up: it is one line. An invoice is told by its own lines only where it is known what each of them is, by name or
-- number, in the catalogues; items of finance are often free text ("service fee"), and then it follows its document.

with

documents as (

    select * from {{ ref('int_document') }}
    where document_kind = 'contract'

),

invoices as (

    select * from {{ ref('int_invoice') }}
    where is_matched

),

families as (

    select * from {{ ref('int_product_family') }}

),

currencies as (

    select * from {{ ref('currencies') }}

),

listed as (

    select
        'document' as line_of,
        documents.source_system,
        documents.document_id as document_no,
        documents.source_system as catalogue_system,
        lines.line_no as source_line_no,
        lines.product_no,
        nullif(trim(lines.product_name), '') as product_name,
        lines.quantity,
        lines.amount as line_amount,
        documents.document_amount as whole_amount,
        documents.currency_code,
        lines.file_name,
        lines.row_number
    from {{ ref('stg_jiandaoyun_crm__contract_lines') }} as lines
    inner join documents
        on lines.source_system = documents.source_system and lines.contract_no = documents.document_id
    union all
    select
        'invoice' as line_of,
        invoices.source_system,
        invoices.invoice_no as document_no,
        invoices.document_source_system as catalogue_system,
        lines.line_no as source_line_no,
        lines.item_code as product_no,
        coalesce(nullif(trim(lines.item_name), ''), nullif(trim(lines.item_code), '')) as product_name,
        lines.quantity,
        lines.amount as line_amount,
        coalesce(invoices.amount, 0) as whole_amount,
        invoices.currency_code,
        lines.file_name,
        lines.row_number
    from {{ ref('stg_finance__invoice_lines') }} as lines
    inner join invoices on lines.source_system = invoices.source_system and lines.invoice_no = invoices.invoice_no

),

known as (

    select
        listed.*,
        coalesce(own_names.product_family, all_names.product_family, own_numbers.product_family) as product_family,
        max(case when listed.line_amount is null then 1 else 0 end) over (
            partition by listed.line_of, listed.source_system, listed.document_no
        ) as lacks_amount,
        max(case
            when
                listed.line_of = 'invoice'
                and listed.line_amount > 0
                and coalesce(own_names.product_family, all_names.product_family, own_numbers.product_family) is null
                then 1
            else 0
        end) over (
            partition by listed.line_of, listed.source_system, listed.document_no
        ) as lacks_family
    from listed
    left join families as own_names
        on
            listed.catalogue_system = own_names.source_system
            and own_names.reference_kind = 'name'
            and {{ comparable('listed.product_name') }} = own_names.reference
    left join families as all_names
        on
            own_names.reference is null
            and all_names.source_system = ''
            and all_names.reference_kind = 'name'
            and {{ comparable('listed.product_name') }} = all_names.reference
    left join families as own_numbers
        on
            listed.catalogue_system = own_numbers.source_system
            and own_numbers.reference_kind = 'number'
            and {{ comparable('listed.product_no') }} = own_numbers.reference

),

counted as (

    select
        known.*,
        row_number() over (
            partition by known.line_of, known.source_system, known.document_no order by known.source_line_no
        ) as document_line_no,
        count(known.quantity) over (partition by known.line_of, known.source_system, known.document_no) > 0
            as has_quantities,
        {{ to_units('known.line_amount', 2) }} as weight,
        abs({{ to_units('known.whole_amount', 2) }}) as whole_hundredths,
        case
            when
                coalesce(currencies.minor_unit_digits, 2) = 0
                and {{ to_units('known.whole_amount', 2) }} % 100 = 0
                then 100
            else 1
        end as hundredths_of_unit
    from known
    left join currencies on known.currency_code = currencies.currency_code
    where known.lacks_amount = 0 and known.lacks_family = 0 and known.line_amount > 0

),

weighed as (

    select
        *,
        cast(sum(weight) over (partition by line_of, source_system, document_no) as {{ whole_number_type() }}) as weights,
        cast(sum(weight) over (
            partition by line_of, source_system, document_no
            order by document_line_no
            rows between unbounded preceding and current row
        ) as {{ whole_number_type() }}) - weight as weight_before
    from counted

),

floored as (

    select
        *,
        whole_hundredths // hundredths_of_unit as whole_units,
        {{ share_floor('whole_hundredths // hundredths_of_unit', 'weight', 'weights') }} as floor_units,
        {{ share_remainder('whole_hundredths // hundredths_of_unit', 'weight', 'weights') }} as remainder_units
    from weighed

),

shared as (

    select
        *,
        (
            {{ share_with_remainder(
                'whole_units', 'floor_units', 'remainder_units', 'line_of, source_system, document_no', 'document_line_no'
            ) }}
        ) * hundredths_of_unit * sign(whole_amount) as part_hundredths
    from floored

),

final as (

    select
        line_of,
        source_system,
        document_no,
        cast(document_line_no as integer) as document_line_no,
        product_no,
        product_name,
        product_family,
        quantity,
        has_quantities,
        line_amount,
        weight,
        weight_before,
        weights,
        cast({{ from_units('part_hundredths', 2) }} as decimal(18, 2)) as part_amount,
        currency_code,
        file_name,
        row_number
    from shared

)

select * from final
