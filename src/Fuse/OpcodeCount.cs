namespace Fuse;

/// <summary>How often the kernel asked for something, and how often the answer was an errno.</summary>
public readonly record struct OpcodeCount(string Name, int Opcode, long Requests, long Errors);
