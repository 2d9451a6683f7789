using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Iterators.Native;
using Support;

namespace Iterators.Tests;

/// <summary>Layouts written by hand are those of the C headers.</summary>
public sealed class LayoutTests
{
    [Theory]
    [InlineData(typeof(LibBpf.bpf_object_open_opts), "<bpf/libbpf.h>")]
    [InlineData(typeof(LibBpf.bpf_link_create_opts), "<bpf/bpf.h>")]
    [InlineData(typeof(LibBpf.bpf_test_run_opts), "<bpf/bpf.h>")]
    [InlineData(typeof(LibBpf.bpf_prog_load_opts), "<bpf/bpf.h>")]
    [InlineData(typeof(LibBpf.libbpf_prog_handler_opts), "<bpf/libbpf.h>")]
    [InlineData(typeof(bpf_btf_info), "<linux/bpf.h>")]
    [InlineData(typeof(bpf_prog_info), "<linux/bpf.h>")]
    [InlineData(typeof(bpf_func_info), "<linux/bpf.h>")]
    [InlineData(typeof(bpf_line_info), "<linux/bpf.h>")]
    public void Members_lie_where_C_has_them(Type type, string header)
    {
        var members = new Dictionary<string, string>();
        foreach (FieldInfo field in Fields(type).Where(f => f.Name != "reserved")) members[field.Name] = field.Name;
        Compare(type, header, members);
    }

    [Fact]
    public void Members_of_bpf_link_info_lie_where_C_has_them() => Compare(typeof(bpf_link_info), "<linux/bpf.h>", new()
    {
        // those that Linux 6.1's header has; later ones are compared with bpftool on a kernel that has them
        ["type"] = "type",
        ["id"] = "id",
        ["prog_id"] = "prog_id",
        ["buffer"] = "raw_tracepoint.tp_name",
        ["buffer_size"] = "raw_tracepoint.tp_name_len",
        ["tracing_attach_type"] = "tracing.attach_type",
        ["tracing_target_obj_id"] = "tracing.target_obj_id",
        ["tracing_target_btf_id"] = "tracing.target_btf_id",
        ["cgroup_id"] = "cgroup.cgroup_id",
        ["cgroup_attach_type"] = "cgroup.attach_type",
        ["iter_map_id"] = "iter.map.map_id",
        ["first"] = "netns.netns_ino",
        ["second"] = "netns.attach_type",
    });

    private static void Compare(Type type, string header, Dictionary<string, string> members)
    {
        using TemporaryDirectory directory = new();
        var source = new StringBuilder($"#include <stddef.h>\n#include <stdio.h>\n#include {header}\nint main(void)\n{{\n");
        foreach ((string name, string member) in members)
            source.Append(CultureInfo.InvariantCulture, $"\tprintf(\"{name} %zu\\n\", offsetof(struct {type.Name}, {member}));\n");
        source.Append("}\n");
        File.WriteAllText(directory.At("layout.c"), source.ToString());
        Tool.Run("gcc", "-Wall", "-Werror", "-o", directory.At("layout"), directory.At("layout.c")).Succeeded();
        string[] c = Tool.Run(directory.At("layout")).Succeeded().Output.TrimEnd('\n').Split('\n');
        Assert.Equal(c, members.Keys.Select(name => $"{name} {Marshal.OffsetOf(type, name)}"));
    }

    private static FieldInfo[] Fields(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.Instance);
}
