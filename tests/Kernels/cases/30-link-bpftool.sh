# Every key that bpftool has of a link is the same here, whatever the link's type.
. /vm/lib.sh
need_view

# one member of the JSON a line, without the holders, which are not for everybody; how often a probe was missed moves on a busy machine
members() { sed 's/,"pids":\[[^]]*\]//; s/"missed":[0-9]*/"missed":N/g; s/"funcs":/&,/' | tr -d '{}[]' | tr ',' '\n'; }

# Members that are not here: addresses of the kernel, a 0 that means none. A struct_ops link has no program, and here no prog_id. What bpftool knows by its number has a name
# here, and what it knew by another name before it was 7.0, the name of today.
left_out='"addr":[0-9]*|"(prog_id|cookie|pid|ref_ctr_offset)":0|"(type|attach_type|event_type|event_config)":[0-9]*|"attach_type":"(fentry|fexit|mod_ret|ingress)"'

link_fixtures
view
# functions of a tracing_multi link have a BTF id there, and a name here
bpftool -j link show | sed 's/{"id":[0-9]*,"addr"/{"addr"/g; s/},{"id"/}\n{"id"/g' >/tmp/bpftool.json
check 'bpftool lists links' grep -q '"type":"tracing"' /tmp/bpftool.json
while read -r line; do
    id=${line#*\"id\":}
    id=${id%%[,\}]*}
    members <$MNT/links/$id/json >/tmp/ours
    missing=$(printf '%s\n' "$line" | members | grep -Evx "$left_out" | grep -vxFf /tmp/ours)
    same "link $id has what bpftool says: ${line%%,\"pids*}" "$missing" ''
done </tmp/bpftool.json
same 'links.json has every link' "$(grep -o '{"id":' $MNT/links.json | wc -l)" "$(bpf-ids | grep -c '^link ')"
lacks 'no link could not be read' "$(cat $MNT/links.json)" '.*"error":.*'
# no address of the kernel's half, neither in hex nor in decimal
lacks 'links.json has no kernel address' "$(members <$MNT/links.json)" '.*("0x)?ffff[0-9a-f]{12}.*|.*:184467[0-9]{14}.*'
end_view
