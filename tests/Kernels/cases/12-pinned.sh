# Pinned fixtures stay without a process.
. /vm/lib.sh

dir=/sys/fs/bpf/fixtures
remember
mkdir $dir
check 'the loader pins and exits' fixture-loader --pin $dir $FIXTURES/test_pkt_access.bpf.o $FIXTURES/fexit.bpf.o@test_pkt_access
same 'a pin for each program' "$(ls $dir | tr '\n' ' ')" 'test_main test_pkt_access test_subprog1 test_subprog2 test_subprog3 '
rm -r $dir
nothing_left 'rm frees them'
