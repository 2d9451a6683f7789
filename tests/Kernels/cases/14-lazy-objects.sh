# The objects that the view loads when they are first wanted, likewise. A program that needs what the kernel lacks is left out by the view.
. /vm/lib.sh

for object in /vm/objects/*.o; do
    case $object in
    */view.bpf.o) ;;
    *) loads_each "$object" ;;
    esac
done
