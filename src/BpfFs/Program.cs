using BpfFs.Command;

Tmds.Linux.LibC.umask(0x12 /* 022 */); // the pins' directory is for everyone, whatever root's umask
return CommandLine.Run(args);
