create view v_plain as select 1 as id, 'x' as name;
create table keyless (a integer, b text);
create table bare (
  id integer primary key, label varchar(40) not null default 'x', n numeric(12,3),
  flag boolean default false, made timestamp default current_timestamp, u varchar(10) unique,
  i varchar(10), owner_id integer references bare(id) on delete cascade,
  j json default '{"a":1}', c char(3) default 'abc'
);
create index bare_i on bare (i);
create table wide (a integer not null, b integer not null, c text, primary key (a,b), unique (b,c));
create table child (
  id integer primary key, wa integer, wb integer, foreign key (wa, wb) references wide (a,b)
);
insert into directus_fields (collection, field, interface) values ('bare','ghost','input');
insert into directus_fields (collection, field, special, interface)
  values ('bare','note_alias','alias,no-data','presentation-notice');
insert into directus_fields (collection, field, special, interface)
  values ('gone','x','alias,no-data','presentation-notice');
insert into directus_fields (collection, field, interface) values ('gone','y','input');
insert into directus_fields (collection, field, interface, note, sort)
  values ('bare','label','input','N',3);
insert into directus_collections (collection, note) values ('gone','meta row without table');
insert into directus_relations (many_collection, many_field, one_collection)
  values ('gone','x','articles');
insert into directus_relations (many_collection, many_field, one_collection)
  values ('bare','i','gone');
