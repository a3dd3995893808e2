with

source as (

    {{ latest_revision(source('hr', 'employees'), key=['employee_id']) }}

),

final as (

    select
        _source_system as source_system,
        employee_id,
        full_name,
        email,
        department,
        role,
        region,
        hire_date,
        confirmation_date,
        leave_date,
        crm_user_id,
        member_username,
        base_salary_amount,
        salary_currency_code,
        coalesce(_extracted_at, _received_at) as known_at,
        _delivery_id as delivery_id,
        _file_name as file_name,
        _row_number as row_number
    from source

)

select * from final
