create table special (
  id integer primary key autoincrement, m text check (m in ('sad','ok')),
  g integer generated always as (1+1) stored, s smallint default 3,
  d double precision default 1.5, r real default -2, b blob, txt text default 'it''s',
  dd double, nv nvarchar(20), dec decimal(10,5) default 0,
  dt datetime default current_timestamp, ex text default (lower('A')), untyped
);
create table ser (id integer primary key, x varchar default "yes");
create index special_part on special (s) where s > 1;
create unique index special_upart on special (d) where d > 1;
create index special_two on special (r, b);
create unique index special_u2 on special (s, d);
create table txtkey (code varchar(10) primary key, v text);
