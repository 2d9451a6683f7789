using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.Objects;

/// <summary>
/// <c>progs.debug</c>, the seed's table: <c>id name pages attached</c>. The kernel forgets a program's target once it is attached (5.10), its links
/// do not: so links are read first and joined.
/// </summary>
internal sealed class ProgTable : IDisposable
{
    private static readonly Pool<ProgTable> s_pool = new(() => new ProgTable(), 4);
    private readonly TextBuffer _texts = new();
    private readonly List<(uint Prog, int Start, int Length)> _targets = [];

    public static int Debug(ViewContext context, ulong key, TextBuffer to)
    {
        ProgTable table = s_pool.Rent();
        int errno = context.Iterators.Links is { } links ? table.ReadTargets(context, links) : 0;
        if (errno == 0) errno = table.Render(context, to);
        table._texts.Clear();
        table._targets.Clear();
        s_pool.Return(table);
        return errno;
    }

    public void Dispose() => ((IDisposable)_texts).Dispose();

    /// <summary>Of every link whose target is a program: "function program".</summary>
    private int ReadTargets(ViewContext context, IRecordSource links)
    {
        using var walk = new RecordWalk<link_record>(context, links);
        while (walk.MoveNext())
        {
            ref readonly link_record r = ref walk.Current;
            if (r.target_prog_id == 0) continue;
            int start = _texts.Length;
            _texts.AppendText(r.target_func.Text);
            _texts.Append((byte)' ');
            _texts.AppendText(r.target_name.Text);
            _targets.Add((r.prog_id, start, _texts.Length - start));
        }
        _targets.Sort(static (a, b) => a.Prog != b.Prog ? a.Prog.CompareTo(b.Prog) : a.Start.CompareTo(b.Start));
        return walk.Errno;
    }

    private int Render(ViewContext context, TextBuffer to)
    {
        using var walk = new RecordWalk<prog_row_record>(context, context.Iterators.ProgRows!);
        to.Append("  id name             pages attached\n"u8);
        int next = 0; // both go by ascending program id
        while (walk.MoveNext())
        {
            ref readonly prog_row_record r = ref walk.Current;
            to.AppendRight(r.id, 4);
            to.Append((byte)' ');
            int name = to.Length;
            to.AppendText(r.name.Text);
            to.PadTo(name, 16);
            to.Append((byte)' ');
            if (((prog_known_flags)r.known & prog_known_flags.PROG_HAS_PAGES) != 0) to.AppendRight(r.pages, 5);
            else to.Append("    -"u8);
            while (next < _targets.Count && _targets[next].Prog < r.id) next++;
            if (next < _targets.Count && _targets[next].Prog == r.id) AppendTargets(r.id, ref next, to);
            else AppendLoadTarget(context, r, to);
            to.Append((byte)'\n');
        }
        return walk.Errno;
    }

    private void AppendTargets(uint prog, ref int next, TextBuffer to)
    {
        for (bool first = true; next < _targets.Count && _targets[next].Prog == prog; next++, first = false)
        {
            to.Append(first ? " "u8 : ", "u8);
            to.Append(_texts.Written.Slice(_targets[next].Start, _targets[next].Length));
        }
    }

    /// <summary>What it was loaded for: the kernel's function, or a program it is not yet attached to.</summary>
    private static void AppendLoadTarget(ViewContext context, in prog_row_record r, TextBuffer to)
    {
        if (r.attach_func.Text.IsEmpty) return;
        to.Append((byte)' ');
        to.AppendText(r.attach_func.Text);
        if (r.target_prog_id == 0 || Progs.Read(context, r.target_prog_id, out Prog target) != 0) return;
        to.Append((byte)' ');
        to.AppendText(target.Record.name.Text);
    }
}
