using BpfFs.Objects;
using BpfFs.View;
using Iterators;
using static BpfFs.Attachments.Attachment;
using static Tmds.Linux.LibC;

namespace BpfFs.Attachments;

/// <summary>The programs of sockmaps and sockhashes (BPF_PROG_QUERY, Linux 5.18).</summary>
internal static class SockmapAttachments
{
    private const uint Sockmap = 15; // enum bpf_map_type
    private const uint Sockhash = 18;

    private static readonly (uint Number, string Name)[] s_types =
        [.. Names.AttachTypes.Known.Where(t => t.Name is "sk_skb_stream_parser" or "sk_skb_stream_verdict" or "sk_skb_verdict" or "sk_msg_verdict")];

    /// <summary><c>ID NAME</c> of a map, as the target.</summary>
    public static byte[] Target(uint map, ReadOnlySpan<byte> name) => name.IsEmpty ? Utf8($"{map}") : [.. Utf8($"{map} "), .. name];

    public static int Collect(ViewContext context, List<Attachment> to)
    {
        List<(uint Id, byte[] Target)> maps = [];
        using var walk = new RecordWalk<map_record>(context, context.Iterators.Maps!);
        while (walk.MoveNext())
        {
            ref readonly map_record r = ref walk.Current;
            if (r.type is Sockmap or Sockhash) maps.Add((r.id, Target(r.id, r.name.Text)));
        }
        int errno = walk.Errno;
        uint[] ids = new uint[1]; // one of a type
        foreach ((uint id, byte[] target) in maps)
        {
            using Fd fd = OneObject.OpenMap(id);
            if (fd.Errno != 0) continue; // gone meanwhile
            foreach ((uint number, string type) in s_types)
            {
                int failed = ProgQuery.Query(fd, number, ids, out int count, out _);
                if (failed != 0 && failed != EINVAL && failed != EOPNOTSUPP) errno = failed;
                if (failed == 0 && count > 0 && ids[0] != 0) to.Add(new Attachment("map", target, type, ids[0], 0));
            }
        }
        return errno;
    }
}
