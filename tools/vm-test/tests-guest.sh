#!/bin/bash
# The guest's process 1 of tools/vm-test/tests: mounts what a system has, runs the tests, prints TAP lines and the plan, powers off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -o remount,rw /
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t tmpfs -o mode=755 run /run
mkdir -p /dev/pts /dev/shm /run/lock
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
ln -sf /proc/self/fd /dev/fd
stty -F /dev/ttyS1 raw -echo
exec </dev/null >/dev/ttyS1 2>&1
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
mount -t securityfs securityfs /sys/kernel/security
mkdir -p /lib/modules
mount --bind /repo/modules /lib/modules
modprobe -q fuse # built in from 6.12 on
[ -c /dev/fuse ] || echo "not ok - there is no /dev/fuse"
hostname guest
ip link set lo up
ulimit -n 1048576 # a kernel gives its first process 4096

# TCG is that much slower than a processor
export BPFFS_PATIENCE=8 VSTEST_CONNECTION_TIMEOUT=900 VSTEST_TESTHOST_SHUTDOWN_TIMEOUT=60000
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_UI_LANGUAGE=en DOTNET_EnableDiagnostics=0
cd /repo || exit
# for the log of a run that hangs
(while sleep 60; do ps -eo pid,etimes,time,args --sort=-time | head -n 6 | cut -c1-150 >/dev/console; done) &
filter=$(cat filter)
dotnet vstest tests/Mount/bin/Debug/net10.0/Mount.Tests.dll --logger:'console;verbosity=normal' ${filter:+--TestCaseFilter:"$filter"} 2>&1 | mawk -W interactive '
    match($0, /^  (Passed|Failed|Skipped) /) {
        result = $1
        sub(/^  [A-Z][a-z]+ /, "")
        print (result == "Failed" ? "not ok " : "ok ") ++count " - " $0 (result == "Skipped" ? " # SKIP" : "")
        fflush()
        next
    }
    /^Total tests: / { total = $3 }
    /^ *\[xUnit.net / { next } # the same again
    NF { print "#   " $0; fflush() }
    END { print "1.." total }'
sleep 0.2
sync
echo o >/proc/sysrq-trigger
sleep 100
