-- The factor of each line by each factor table of its component (rule T7): the value of the line picks the row, a
-- second one the column of a two-way table. A value outside the table gives none, with the reason. A reversal has the
-- attributes of the line that it takes back, and the tables of that line's plan version.

with


assignments as (

    select * from {{ ref('int_plan_assignment') }}

),

components as (

    select * from {{ ref('stg_plan__component') }}

),

factors as (

    select * from {{ ref('stg_plan__factor') }}

),

factor_bands as (

    select * from {{ ref('stg_plan__factor_band') }}

),

cells as (

    select * from {{ ref('stg_plan__factor_cell') }}

),

-- Lines of components that have factors in any version; most plans have none.
factored as (

    select distinct
        plan_code,
        component_code
    from factors

),

component_lines as (

    select lines.*
    from {{ ref('int_component_credit') }} as lines
    inner join factored on lines.plan_code = factored.plan_code and lines.component_code = factored.component_code

),

-- The version whose tables a reversal is looked up in.
of_originals as (

    select
        component_lines.component_line_id,
        components.version as factor_version
    from component_lines
    inner join assignments
        on
            component_lines.payee_id = assignments.employee_id
            and component_lines.plan_code = assignments.plan_code
            and component_lines.subject_date between assignments.assignment_start and assignments.assignment_end
    inner join components
        on
            assignments.plan_code = components.plan_code
            and assignments.plan_version = components.version
            and component_lines.component_code = components.component_code
    where
        component_lines.original_credit_line_id is not null
        and component_lines.purpose = 'base'
        and component_lines.subject_date < component_lines.event_date

),

looked_up as (

    select
        component_lines.component_line_id,
        factors.plan_code,
        factors.version,
        factors.component_code,
        factors.factor_code,
        factors.applies_to,
        factors.row_by,
        factors.column_by,
        {{ text_of_line('factors.row_by', 'component_lines') }} as row_text,
        {{ number_of_line('factors.row_by', 'component_lines') }} as row_number,
        {{ text_of_line('factors.column_by', 'component_lines') }} as column_text,
        {{ number_of_line('factors.column_by', 'component_lines') }} as column_number
    from component_lines
    left join of_originals on component_lines.component_line_id = of_originals.component_line_id
    inner join factors
        on
            component_lines.plan_code = factors.plan_code
            and coalesce(of_originals.factor_version, component_lines.plan_version) = factors.version
            and component_lines.component_code = factors.component_code
    where factors.applies_to = 'credit' or component_lines.purpose = 'base'

),

placed as (

    select
        looked_up.*,
        {{ value_in_words('looked_up.row_by', 'looked_up.row_text', 'looked_up.row_number') }} as row_value,
        {{ value_in_words('looked_up.column_by', 'looked_up.column_text', 'looked_up.column_number') }} as column_value,
        row_bands.band_no as row_no,
        case when looked_up.column_by is null then 1 else column_bands.band_no end as column_no
    from looked_up
    {{ factor_band_join('row') }}
    {{ factor_band_join('column') }}

),

final as (

    select
        placed.component_line_id,
        placed.plan_code,
        placed.version as factor_version,
        placed.component_code,
        placed.factor_code,
        placed.applies_to,
        row_number() over (
            partition by placed.component_line_id, placed.applies_to
            order by placed.factor_code
        ) as factor_no,
        placed.row_value,
        placed.column_value,
        cast(cells.factor as decimal(18, 6)) as factor,
        case
            when cells.factor is null
                then
                    case
                        when placed.row_no is null
                            then replace(placed.row_by, '_', ' ') || ' ' || coalesce(placed.row_value, 'unknown')
                        else replace(placed.column_by, '_', ' ') || ' ' || coalesce(placed.column_value, 'unknown')
                    end || ' is outside the table of factor ' || placed.factor_code || ' (T7)'
        end as hold_reason
    from placed
    left join cells
        on
            placed.plan_code = cells.plan_code
            and placed.version = cells.version
            and placed.component_code = cells.component_code
            and placed.factor_code = cells.factor_code
            and placed.row_no = cells.row_no
            and placed.column_no = cells.column_no

)

select * from final
