# Under lockdown=integrity the kernel may still be read, and the view is complete.
# append: lockdown=integrity
. /vm/lib.sh
need_view

has 'the kernel is locked down' "$(cat /sys/kernel/security/lockdown)" '.*\[integrity\].*'
in_order 'check finds it in order' bpffs-view check
seed_fixtures
view
complete_view
end_view
