-- The factor on each line's credit (rule T7, `applies_to: credit`), so that index and base both move. A line outside a
-- table has none: it counts nowhere until the value is mended.

with

line_factors as (

    select * from {{ ref('int_line_factor') }}
    where applies_to = 'credit'

),

{{ factor_of_line('line_factors') }}

select * from final
