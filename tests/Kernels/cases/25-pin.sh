# The seed's way: pin, exit, nothing lingers; rm frees what was loaded.
. /vm/lib.sh
need_view

remember
check 'pins and exits' timeout 20 bpffs-view pin
check 'no process lingers' server_ended
for pin in $(own_pins); do
    same "$pin is 0644" "$(stat -c %a $PINS/$pin)" 644
done
fixtures test_pkt_access
can 'progs prints without us' 'the pin progs' && has 'progs prints without us' "$(as_nobody "cat $PINS/progs")" "$(prog_id test_pkt_access) test_pkt_access [0-9]+"
has 'maps prints without us' "$(as_nobody "cat $PINS/maps")" "$(map_id pkt_lengths) pkt_lengths ([0-9]+ )?16"
end_fixtures
rm $PINS/*
nothing_left 'rm frees all'
