using BpfFs.View;
using Fuse;
using Iterators.User;
using static Tmds.Linux.LibC;

namespace BpfFs.UserFiles;

/// <summary>Permissions of an iterator's files: its object's name says who may read them.</summary>
/// <param name="shift">Where in a node's key the program's number stands.</param>
internal sealed class UserGate(int shift) : Gate
{
    /// <summary>The number is the lower 16 bits.</summary>
    public static readonly UserGate OfProgram = new(0);

    /// <summary>The number is the upper 16 of 48 bits, what it is aimed at the lower 32.</summary>
    public static readonly UserGate OfParameter = new(UserKey.NumberShift);

    public override bool Hides => false;

    public override int Find(ViewContext context, ulong key, out Access access)
    {
        access = default;
        if (context.UserIterators?.Current.Find((ushort)(key >> shift)) is not { } program) return ENOENT;
        access = program.Tier switch
        {
            UserTier.Public => new Access(0, 0, 0x1A4), // 0644
            UserTier.Group => new Access(0, context.Gid, 0x1A0), // 0640
            _ => new Access(0, 0, 0x180), // 0600
        };
        return 0;
    }

    public override bool Admits(ViewContext context, in Request request, ulong key) => true; // the kernel has looked at the mode

    public override Predicate<ulong> AdmittedTo(ViewContext context, in Request request) => static _ => true;
}

/// <summary>An error is there as long as its object is not: it has a gate so that the kernel asks each time.</summary>
internal sealed class UserErrorGate : Gate
{
    public static readonly UserErrorGate Instance = new();

    public override bool Hides => false;

    public override int Find(ViewContext context, ulong key, out Access access)
    {
        access = new Access(0, 0, 0x180); // 0600: it shows the program
        return context.UserIterators?.Current.FindError((ushort)key) is null ? ENOENT : 0;
    }

    public override bool Admits(ViewContext context, in Request request, ulong key) => true;

    public override Predicate<ulong> AdmittedTo(ViewContext context, in Request request) => static _ => true;
}
