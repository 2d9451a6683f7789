namespace Support;

/// <summary>BTF as C by whatever bpftool there is, as far as its versions agree.</summary>
public static class BpftoolC
{
    private const string Narrow = " __attribute__((mode(byte)))"; // an enum of one byte: bpftool 7.1 of Debian 12 does not say so

    /// <summary>The declarations in the BTF's order, without what is for compiling around them and, since 7.5, the prototypes of kfuncs.</summary>
    /// <param name="what"><c>id 1</c>, <c>file PATH</c>.</param>
    public static string Of(params string[] what)
    {
        ToolResult ordered = Tool.Run("bpftool", ["btf", "dump", .. what, "format", "c", "unsorted"]);
        string text = (ordered.Code == 0 ? ordered : Tool.Run("bpftool", ["btf", "dump", .. what, "format", "c"])).Succeeded().Output;
        int start = 0;
        while (text[start] is '#' or '\n') start = text.IndexOf('\n', start) + 1;
        int end = text.IndexOf("\n/* BPF kfuncs */\n", StringComparison.Ordinal);
        return text[start..(end >= 0 ? end : text.LastIndexOf("#ifndef BPF_NO_PRESERVE", StringComparison.Ordinal))];
    }

    /// <summary>Ours as that bpftool would write it.</summary>
    public static string AsWrittenBy(string bpftool, string ours) => bpftool.Contains(Narrow, StringComparison.Ordinal) ? ours : ours.Replace(Narrow, "", StringComparison.Ordinal);
}
