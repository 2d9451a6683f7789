using System.Text;
using BpfFs.View;
using Iterators.User;
using static Tmds.Linux.LibC;

namespace BpfFs.UserFiles;

/// <summary><c>iter</c>: the programs, and the objects that could not be loaded.</summary>
internal sealed class UserPrograms : ChildSource
{
    private const string ErrorSuffix = ".error";

    public override int Shapes => 3;

    public override int ShapeOf(ViewContext context, ulong key) => UserKey.ShapeOf(key);

    public override int Find(ViewContext context, ulong parent, ReadOnlySpan<byte> name, out ulong key)
    {
        key = 0;
        if (context.UserIterators is not { } iterators) return ENOENT;
        string wanted = Encoding.UTF8.GetString(name);
        UserSet set = iterators.Current;
        if (set.Programs.TryGetValue(wanted, out UserProgram? program)) key = UserKey.Of(program);
        else if (wanted.EndsWith(ErrorSuffix, StringComparison.Ordinal) && set.Errors.TryGetValue(wanted[..^ErrorSuffix.Length], out UserError? error)) key = UserKey.Of(error);
        else return ENOENT;
        return 0;
    }

    public override int List(ViewContext context, ulong parent, EntryList to)
    {
        if (context.UserIterators is not { } iterators) return 0;
        UserSet set = iterators.Current;
        foreach (UserProgram program in set.Programs.Values.OrderBy(p => p.Name, StringComparer.Ordinal)) to.Add(Encoding.UTF8.GetBytes(program.Name), UserKey.Of(program));
        foreach (UserError error in set.Errors.Values.OrderBy(e => e.Object, StringComparer.Ordinal)) to.Add(Encoding.UTF8.GetBytes(error.Object + ErrorSuffix), UserKey.Of(error));
        return 0;
    }
}
