using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using BpfFs.View;
using Iterators;

namespace BpfFs.Tests.View;

public sealed class TableTests
{
    [Fact]
    public void Every_path_its_mode_and_its_number()
    {
        // A number is an inode: backups and find -inum remember them. Who adds a path adds a line; no line changes.
        var lines = new StringBuilder();
        foreach (Row row in ViewTable.Build(Kernel(hasAll: true)).Rows.OrderBy(r => r.Path, StringComparer.Ordinal))
        {
            string kind = row switch { DirectoryRow => "directory", SymlinkRow => "symlink", StreamRow => "stream", _ => "file" };
            lines.Append($"{row.Number:x4} {Convert.ToString(row.Mode, 8),6} {kind,-9} {row.Path}\n");
        }
        Golden.Verify(lines.ToString(), "Table");
    }

    [Fact]
    public void A_kernel_without_some_programs_has_the_rest()
    {
        string[] all = [.. ViewTable.Build(Kernel(hasAll: true)).Rows.Select(r => r.Path)];
        string[] some = [.. ViewTable.Build(Kernel(hasAll: false)).Rows.Select(r => r.Path)];
        Assert.Subset(all.ToHashSet(), some.ToHashSet());
        string[] missing = [.. all.Except(some)];
        Assert.Contains("progs/<id>/pids", missing);
        Assert.Contains("maps/<id>/pinned", missing);
        Assert.Contains("progs.debug", some);
        Assert.Contains("links.debug", some); // as bpf(2) tells of them
        Assert.Contains("maps/<id>/entries", some);
        Assert.Contains("progs/<id>/attached", some); // not all attachments have links
        Assert.Contains("maps/<id>/info", some);
    }

    [Fact]
    public void Contents_are_for_root()
    {
        foreach (Row row in ViewTable.Build(Kernel(hasAll: true)).Rows.Where(r => r.Path.Contains("/entries", StringComparison.Ordinal)))
            Assert.Equal(Tier.Private, row.Tier);
    }

    /// <summary>Iterators that were never loaded: the table only asks which there are.</summary>
    internal static IteratorSet Kernel(bool hasAll)
    {
        var set = (IteratorSet)RuntimeHelpers.GetUninitializedObject(typeof(IteratorSet));
        foreach (PropertyInfo property in typeof(IteratorSet).GetProperties().Where(p => hasAll && p.CanWrite && (p.PropertyType.IsClass || p.PropertyType == typeof(IRecordSource))))
            property.SetValue(set, RuntimeHelpers.GetUninitializedObject(property.PropertyType.IsClass ? property.PropertyType : typeof(IteratorLink)));
        return set;
    }
}
