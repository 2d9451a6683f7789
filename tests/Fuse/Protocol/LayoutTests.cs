using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace Fuse.Tests;

/// <summary>
/// Every struct fuse_* and io_* and every constant against the C compiler's linux/fuse.h and linux/io_uring.h: found by reflection, registered nowhere. And
/// against the types of the running kernel, which is often newer than the headers.
/// </summary>
public sealed class LayoutTests
{
    // What a header may be too old for: the minor that brought it. The names we gave to reserved room have no C name at all before.
    private static readonly Dictionary<string, int> s_since = new()
    {
        ["fuse_open_out.backing_id"] = 40,
        ["fuse_init_out.max_stack_depth"] = 40,
        ["fuse_init_out.unused"] = int.MaxValue, // moves with every field taken out of it
        ["FUSE_STATX"] = 39,
        ["fuse_statx"] = 39,
        ["fuse_statx_in"] = 39,
        ["fuse_statx_out"] = 39,
        ["fuse_sx_time"] = 39,
        ["FUSE_COPY_FILE_RANGE_64"] = 45,
        ["FUSE_HAS_RESEND"] = 40,
        ["FUSE_UNIQUE_RESEND"] = 40,
        ["FUSE_NOTIFY_RESEND"] = 40,
        ["FUSE_OVER_IO_URING"] = 42,
        ["FUSE_IO_URING_CMD_REGISTER"] = 42,
        ["FUSE_IO_URING_CMD_COMMIT_AND_FETCH"] = 42,
        ["fuse_uring_ent_in_out"] = 42,
        ["fuse_uring_req_header"] = 42,
        ["fuse_uring_cmd_req"] = 42,
        ["FUSE_KERNEL_MINOR_VERSION"] = int.MaxValue,
    };

    private const string Headers = "#include <stddef.h>\n#include <stdio.h>\n#include <sys/ioctl.h>\n#include <linux/fuse.h>\n#include <linux/io_uring.h>\n#include <linux/stat.h>\n";

    [Fact]
    public void Same_as_the_header()
    {
        string directory = Directory.CreateTempSubdirectory("fuse-layout-").FullName;
        try
        {
            int minor = HeaderMinor(directory);
            SortedDictionary<string, long> ours = Ours(minor);
            Compare(Headers, ours, directory);
            Assert.True(ours.Count > 150, "reflection finds too little");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void Same_as_the_running_kernel()
    {
        string directory = Directory.CreateTempSubdirectory("fuse-layout-").FullName;
        try
        {
            string types = KernelTypes();
            // The kernel's types have the structures that it names itself, and the enumerations, but no #define.
            SortedDictionary<string, long> ours = Ours(int.MaxValue - 1);
            foreach (string name in ours.Keys.ToArray())
            {
                string type = name.Split('.')[0];
                bool isThere = name.StartsWith("fuse_", StringComparison.Ordinal)
                    ? types.Contains($"struct {type} {{\n", StringComparison.Ordinal)
                    : name.Contains("_URING_CMD_", StringComparison.Ordinal) && types.Contains($"\t{name} = ", StringComparison.Ordinal);
                if (!isThere) ours.Remove(name);
            }
            Compare("int printf(const char *, ...);\n#pragma GCC diagnostic ignored \"-Wunknown-pragmas\"\n#define offsetof __builtin_offsetof\n" + types, ours, directory);
            if (!Support.RingSwitch.IsThere) return;
            Assert.Equal(15, ours.Keys.Count(name => name.Contains("_uring_", StringComparison.Ordinal) && name.StartsWith("fuse", StringComparison.Ordinal)));
            Assert.Equal(2, ours.Keys.Count(name => name.StartsWith("FUSE_IO_URING_CMD_", StringComparison.Ordinal)));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void Compare(string headers, SortedDictionary<string, long> ours, string directory)
    {
        StringBuilder source = new(headers + "int main(void)\n{\n");
        foreach (string name in ours.Keys)
        {
            string[] parts = name.Split('.');
            string value = parts.Length == 2 ? $"offsetof(struct {parts[0]}, {parts[1]})" : char.IsLower(name[0]) ? $"sizeof(struct {name})" : name;
            source.Append(CultureInfo.InvariantCulture, $"\tprintf(\"{name} %lld\\n\", (long long)({value}));\n");
        }
        source.Append("\treturn 0;\n}\n");
        (int code, string output) = Gcc.Run(Gcc.Compile(source.ToString(), directory, "layout"));
        Assert.Equal(0, code);
        string expected = string.Concat(ours.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value}\n")));
        Assert.Equal(output, expected);
    }

    /// <summary>As C: of the kernel, or of the module if FUSE is one.</summary>
    private static string KernelTypes()
    {
        const string kernel = "/sys/kernel/btf/vmlinux";
        const string module = "/sys/kernel/btf/fuse";
        string[] source = File.Exists(module) ? ["-B", kernel, "btf", "dump", "file", module] : ["btf", "dump", "file", kernel];
        (int code, string output) = Gcc.Run("bpftool", [.. source, "format", "c"]);
        Assert.True(code == 0, output);
        return output;
    }

    private static int HeaderMinor(string directory)
    {
        const string source = Headers + "int main(void) { printf(\"%d\", FUSE_KERNEL_MINOR_VERSION); return 0; }\n";
        return int.Parse(Gcc.Run(Gcc.Compile(source, directory, "minor")).Output, CultureInfo.InvariantCulture);
    }

    private static SortedDictionary<string, long> Ours(int minor)
    {
        SortedDictionary<string, long> ours = new(StringComparer.Ordinal);
        void Add(string name, long value)
        {
            if (s_since.GetValueOrDefault(name, s_since.GetValueOrDefault(name.Split('.')[0])) <= minor) ours.Add(name, value);
        }

        const BindingFlags all = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        foreach (Type type in typeof(FileSystem).Assembly.GetTypes())
        {
            bool isNative = type.Name.StartsWith("fuse_", StringComparison.Ordinal) || type.Name.StartsWith("io_", StringComparison.Ordinal);
            if (!type.IsValueType || !isNative) continue;
            Add(type.Name, Marshal.SizeOf(type));
            foreach (FieldInfo field in type.GetFields(all)) Add($"{type.Name}.{field.Name}", Marshal.OffsetOf(type, field.Name));
        }
        foreach (FieldInfo constant in (FieldInfo[])[.. typeof(FuseProtocol).GetFields(all), .. typeof(IoUringProtocol).GetFields(all)])
        {
            object value = constant.GetRawConstantValue()!;
            Add(constant.Name, value is ulong bits ? unchecked((long)bits) : Convert.ToInt64(value, CultureInfo.InvariantCulture));
        }
        foreach (Opcode opcode in OpcodeTable.All) Add("FUSE_" + opcode.Name, opcode.Code);
        return ours;
    }
}
