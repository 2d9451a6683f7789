namespace Fuse;

/// <summary>What to do with one opcode.</summary>
/// <param name="Code">Number in &lt;linux/fuse.h&gt;.</param>
/// <param name="Name">Name there, without FUSE_.</param>
/// <param name="MinBody">Bytes that must follow the header; fewer are answered EINVAL before the handler runs.</param>
/// <param name="Handle">Returns 0 or a positive errno.</param>
/// <param name="HasReply">False: the kernel waits for none and would refuse one.</param>
/// <param name="TakesTurns">The file system works on it: a user who is not root has so many at a time.</param>
internal sealed record Opcode(uint Code, string Name, int MinBody, Handler Handle, bool HasReply = true, bool TakesTurns = false);

internal delegate int Handler(FuseDispatcher dispatcher, ref Call call);
