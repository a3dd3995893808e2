-- The factor on each line's unrounded pay (rule T7, `applies_to: pay`). A line outside a table has none: it counts for
-- the band and is priced when its factor is given.

with

line_factors as (

    select * from {{ ref('int_line_factor') }}
    where applies_to = 'pay'

),

{{ factor_of_line('line_factors') }}

select * from final
