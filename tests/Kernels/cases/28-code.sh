# Programs' code on kernels that write it differently: calls and machine code are read and named by our own BPF programs.
. /vm/lib.sh
need_view

remember
seed_fixtures
view
own=holder_records # loads on every kernel
dir=$MNT/progs/by-name/$own/$(ls $MNT/progs/by-name/$own | head -n 1)
target=$MNT/progs/$(prog_id test_pkt_access)

if can 'xlated names the helpers' 'names of helpers in xlated'; then
    has 'xlated names the helpers' "$(cat $dir/xlated)" ' *[0-9]+: \(85\) call bpf_probe_read_kernel'
    same 'no call is without a name' "$(grep -c 'call <kernel>' $dir/xlated)" 0
fi
has 'xlated has the source' "$(cat $dir/xlated)" '; .* \[file:.*holders\.h line_num:[0-9]+ line_col:[0-9]+\]'
can 'xlated names subprograms' 'names of calls in xlated' && has 'xlated names subprograms' "$(cat $target/xlated)" ' *[0-9]+: \(85\) call pc\+[0-9]+#bpf_prog_[0-9a-f]+_.*'
if can 'jited' jited; then
    has 'jited begins with the symbol' "$(cat $dir/jited)" "bpf_prog_[0-9a-f]+_$own:"
    has 'jited names the helpers' "$(cat $dir/jited)" '.*call +bpf_probe_read_kernel'
    has 'jited has the source' "$(cat $dir/jited)" '; .* \[file:.*holders\.h line_num:[0-9]+ line_col:[0-9]+\]'
    same 'jited is all instructions' "$(grep -c '(bad)' $dir/jited)" 0
fi
has 'source has lines' "$(cat $target/source)" '.*test_pkt_access\.bpf\.c:[0-9]+:[0-9]+: .*'
same 'no 64-bit address in any' "$(cat $MNT/progs/*/xlated $MNT/progs/*/jited 2>/dev/null | grep -v '^;' | grep -cE '0xffff[0-9a-e][0-9a-f]{11}')" 0
same 'nobody else reads it' "$(find $dir/xlated $dir/jited $dir/source ! -perm 600 2>/dev/null)" ''

# Blinded: each constant is split in two, and the kernel does not show such instructions to who may not see addresses.
end_fixtures
rm $fixture_log # or it would be found ready before the next loader has begun
echo 2 >/proc/sys/net/core/bpf_jit_harden
fixtures hooks
echo 0 >/proc/sys/net/core/bpf_jit_harden
blinded=$MNT/progs/$(prog_id watch_open)
check 'a blinded program has no xlated' test ! -e $blinded/xlated
if can 'jited of a blinded program' jited; then
    has 'but jited, constants hidden' "$(cat $blinded/jited)" '.*\$<hidden>.*'
    same 'in which no number is as long as an address' "$(grep -v '^;' $blinded/jited | grep -cE '0x[0-9a-f]{8}')" 0
fi

end_view
