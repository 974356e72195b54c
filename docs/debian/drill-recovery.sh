#!/bin/sh
# Drill of point-in-time recovery (khôi phục tới một thời điểm) with PostgreSQL's own archiving, in a
# folder that is thrown away: a server that archives, a base backup, two rows, recovery to the moment
# between them. Run it as the user postgres; it touches no other server.
#   drill-recovery.sh /usr/lib/postgresql/15/bin
set -eu
programs=${1:?which folder has the programs of PostgreSQL}
place=$(mktemp -d /var/tmp/ocop-drill-XXXXXX)
chmod 700 "$place"
mkdir "$place/archive"
trap '"$programs/pg_ctl" -D "$place/new" -m immediate stop >/dev/null 2>&1 || :
      "$programs/pg_ctl" -D "$place/data" -m immediate stop >/dev/null 2>&1 || :
      rm -rf "$place"' EXIT
ask() { "$programs/psql" -X -h "$place" -U postgres -Atq -c "$1"; }

"$programs/initdb" -D "$place/data" -U postgres --auth=trust >/dev/null
cat >>"$place/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$place'
wal_level = replica
archive_mode = on
archive_command = 'test ! -f $place/archive/%f && cp %p $place/archive/%f.part && mv $place/archive/%f.part $place/archive/%f'
archive_timeout = 300
CONF
"$programs/pg_ctl" -D "$place/data" -w -l "$place/log" start >/dev/null
ask "CREATE TABLE drill (word text)"
"$programs/pg_basebackup" -h "$place" -U postgres -D "$place/new" -c fast -X none
ask "INSERT INTO drill VALUES ('before')"
moment=$(ask "SELECT clock_timestamp()")
sleep 1
ask "INSERT INTO drill VALUES ('after')"
segment=$(ask "SELECT pg_walfile_name(pg_current_wal_lsn())")
ask "SELECT pg_switch_wal()" >/dev/null
until [ -f "$place/archive/$segment" ]; do sleep 0.2; done
"$programs/pg_ctl" -D "$place/data" -m immediate stop >/dev/null

cat >>"$place/new/postgresql.conf" <<CONF
restore_command = 'cp $place/archive/%f %p'
recovery_target_time = '$moment'
recovery_target_action = promote
archive_mode = off
CONF
touch "$place/new/recovery.signal"
"$programs/pg_ctl" -D "$place/new" -w -l "$place/log" start >/dev/null
until [ "$(ask "SELECT pg_is_in_recovery()")" = f ]; do sleep 0.2; done
found=$(ask "SELECT string_agg(word, ',') FROM drill")
[ "$found" = before ] || { echo "HỎNG: tìm thấy «$found»" >&2; exit 1; }
echo "Được: khôi phục tới $moment, có dòng trước, không có dòng sau."
