create type mood as enum ('sad','ok');
create table special (
  id bigint generated always as identity primary key, m mood,
  g integer generated always as (1+1) stored, arr integer[], ts timestamptz default now(),
  uu uuid default gen_random_uuid(), s smallint default 3, d double precision default 1.5,
  r real, t time, iv interval, b bytea, txt text default 'it''s', jj jsonb default '[]',
  num numeric, neg integer default -5, ip inet
);
comment on table special is 'a comment';
comment on column special.m is 'col comment';
create table ser (id serial primary key, x varchar default 'yes');
create materialized view mv_plain as select 1 as id;
create index special_part on special (s) where s > 1;
create unique index special_upart on special (d) where d > 1;
create index special_two on special (r, t);
create unique index special_u2 on special (s, d);
