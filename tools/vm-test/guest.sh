# Part of run: QEMU, and the judgement of what the guest said.

# run_guest DIR SERIES APPEND: boots DIR/initrd with that on its command line, passes the guest's lines on, fails unless all are ok and the plan arrived
run_guest() {
    local dir=$1 append=$3 start=$SECONDS status=0
    echo "# kernel $2: $kernel_release $append"
    # Two serial lines: the kernel's own messages on the first would tear TAP lines apart.
    # One thread for both processors takes less of the machine than two, and other guests have the rest of it. With one each, a guest may also meet a breakpoint of the
    # kernel's code patching that is no longer there ("int3"): a processor sees patched code in time, QEMU's translation of it does not always.
    # A panic ends QEMU at once: panic=-1 reboots and -no-reboot makes that an exit.
    timeout -k 5 "$timeout" qemu-system-x86_64 -accel tcg,thread=single -cpu max -smp 2 -m 512M -nodefaults -display none -no-reboot \
        -kernel "$kernel_root"/boot/vmlinuz-* -initrd "$dir/initrd" \
        -append "console=ttyS0 panic=-1 oops=panic rdinit=/init $append" \
        -serial "file:$dir/console" -serial stdio </dev/null 9>&- | tee "$dir/guest" || status=$?
    [ "$status" != 124 ] || echo "# killed after $timeout seconds"
    echo "# $kernel_release $append took $((SECONDS - start)) seconds"
    if ! plan_holds "$dir/guest"; then
        echo "not ok - $kernel_release ran to its end # no matching plan: panic or hang; the console's last lines follow"
        tail -n 40 "$dir/console" 2>/dev/null | tr -d '\r' | sed 's/^/# /'
        return 1
    fi
    ! grep -q '^not ok' "$dir/guest"
}

# the plan comes last and counts the lines before it
plan_holds() {
    local planned
    planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$1" | tail -n 1)
    [ -n "$planned" ] && [ "$planned" -gt 0 ] && [ "$planned" = "$(grep -Ec '^(not )?ok [0-9]+ - ' "$1")" ]
}
