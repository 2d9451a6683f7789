# fish completion of bpffs-view(8)

# BEGIN fish
# END fish

complete -c bpffs-view -f -a '(__fish_complete_directories)'
