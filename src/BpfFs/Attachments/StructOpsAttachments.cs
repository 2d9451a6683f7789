using BpfFs.View;
using Iterators;

namespace BpfFs.Attachments;

/// <summary>
/// The programs of struct_ops maps that are registered: by themselves (their elements say so) or by a link, which knows the map and not
/// the programs.
/// </summary>
internal static class StructOpsAttachments
{
    private const uint BPF_F_LINK = 1 << 13; // of map_flags: only a link registers it
    private const uint InUse = 1; // BPF_STRUCT_OPS_STATE_INUSE, kernel/bpf/bpf_struct_ops.c

    public static int Collect(ViewContext context, List<Attachment> to)
    {
        int errno = context.Iterators.Attach.StructOps(out IteratorLink? programs);
        if (errno != 0) return errno;
        errno = LinkAttachments.FindStructOps(context, out ILookup<uint, uint> linksOf);
        if (errno != 0) return errno;
        using var walk = new RecordWalk<struct_ops_record>(context, programs!);
        while (walk.MoveNext())
        {
            ref readonly struct_ops_record r = ref walk.Current;
            byte[] ops = r.ops.Text.ToArray(), map = [.. "map "u8, .. SockmapAttachments.Target(r.map_id, r.map_name.Text)];
            uint[] links = [.. linksOf[r.map_id]];
            if ((r.map_flags & BPF_F_LINK) == 0 && r.state == InUse) links = [0];
            foreach (uint link in links) to.Add(new Attachment("struct_ops", ops, "struct_ops", r.prog_id, link) { Detail = map });
        }
        return walk.Errno;
    }
}
