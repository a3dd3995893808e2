-- What the publisher itself keeps in the BI database. Run when this file has changed, by the role that publishes;
-- that role owns everything here and every view, which is why readers need no right on anything but the views.
create schema if not exists attain;
revoke all on schema attain from public;

create sequence if not exists attain.step;

-- Every release id that was ever loaded. A row stays when the release is pruned, so that an id is never used for
-- other content. `load_step` and `switch_step` order what happened; no clock is read.
create table if not exists attain.release (
    release_id text primary key,
    receipt_sha256 text not null,
    state text not null check (state in ('loading', 'loaded', 'published', 'pruned')),
    load_step bigint not null,
    switch_step bigint
);

-- Which partition holds a table of a release. A row appears in the transaction that attaches the partition.
create table if not exists attain.release_table (
    release_id text not null references attain.release,
    schema_name text not null,
    table_name text not null,
    data_table text not null,
    partition_name text not null,
    columns jsonb not null,
    comments jsonb not null,
    row_count bigint not null,
    file_sha256 text not null,
    primary key (release_id, schema_name, table_name)
);

-- The one row that decides what all readers see.
create table if not exists attain.pointer (
    is_only_row boolean primary key default true check (is_only_row),
    release_id text not null references attain.release
);

-- The views as they stand, so that a switch touches only those whose columns, filter or comments change.
create table if not exists attain.published_view (
    schema_name text not null,
    table_name text not null,
    data_table text not null,
    columns jsonb not null,
    comments jsonb not null,
    definition_sha256 text not null,
    primary key (schema_name, table_name)
);

-- Whose rows a role may read, and those of the teams below them: one row for each employee. A role inherits the scope of the roles it is a member of.
create table if not exists attain.reader_scope (
    role_name text not null,
    employee_id text not null,
    primary key (role_name, employee_id)
);

-- Reads no table: it only turns "no such release for this view" into an error, where a filter would show no rows.
create or replace function attain.known_release(wanted text, known text, view_name text)
returns text language plpgsql stable set search_path = '' as $$
begin
    if known is null then
        raise exception 'release % can''t be read through % : it is not published, was pruned, or has other columns',
            coalesce(wanted, '(none)'), view_name
            using hint = 'See attain.published_release; `reset attain.release` or a new transaction reads the current one.';
    end if;
    return known;
end
$$;

create or replace view attain.published_release as
select
    release.release_id,
    release.release_id = pointer.release_id as is_current
from attain.release as release
cross join attain.pointer as pointer
where release.state = 'published';

comment on table attain.reader_scope is 'Whose rows a role may read, with those of the teams below them; members of attain_finance read all rows.';
comment on view attain.published_release is 'Releases that a session can pin with: set attain.release = ''<release_id>''.';
