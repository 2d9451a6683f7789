# kernel.unprivileged_bpf_disabled says what users may do with bpf(2). The view asks with its own privileges, so it is the same to all its readers.
. /vm/lib.sh
need_view

sysctl=/proc/sys/kernel/unprivileged_bpf_disabled
public="cat $MNT/progs.json $MNT/maps.json $MNT/links.json $MNT/progs.debug"
seed_fixtures
view
remember
before=''
# 1 is the last: the kernel does not let it be changed after
for setting in 0 2 1; do
    echo $setting >$sysctl
    same "it is $setting" "$(cat $sysctl)" $setting
    by_root=$($public)
    has "$setting: a program is there" "$by_root" "$(prog_id test_pkt_access) test_pkt_access [0-9]+"
    same "$setting: nobody sees what root sees" "$(as_nobody "$public")" "$by_root"
    same "$setting: it is as with the setting before" "$by_root" "${before:-$by_root}"
    before=$by_root
    in_order "$setting: check finds it in order" bpffs-view check
    within 10 nothing_new # of check
    has "$setting: a user's check says what is missing" "$(as_nobody 'bpffs-view check')" 'privileges missing CAP_SYS_ADMIN.*'
done
end_view
view
complete_view
end_view
