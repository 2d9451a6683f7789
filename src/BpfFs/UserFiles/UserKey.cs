using Iterators.User;

namespace BpfFs.UserFiles;

/// <summary>The keys of nodes below <c>iter</c>: a program's or an error's number (16 bits), and what of the three it is; or a number and a parameter.</summary>
internal static class UserKey
{
    /// <summary>Where a parameter's key has the program's number.</summary>
    public const int NumberShift = 32;

    private const int ShapeShift = 16;

    /// <summary>A program that goes over everything is a file, one with a parameter a directory; the last is an error.</summary>
    public static ulong Of(UserProgram program) => program.Number | (program.Parameter == UserParameter.None ? 0UL : 1UL << ShapeShift);

    public static ulong Of(UserError error) => error.Number | (2UL << ShapeShift);

    /// <summary>0: file, 1: directory, 2: error.</summary>
    public static int ShapeOf(ulong key) => (int)(key >> ShapeShift) & 3;

    public static ulong Of(ushort number, uint parameter) => ((ulong)number << NumberShift) | parameter;
}
