using System.Text;
using BpfFs.Tasks;
using BpfFs.UserFiles;
using Iterators;

namespace BpfFs.Tests.Tasks;

/// <summary>Lines about processes, whatever they call their files.</summary>
public sealed class TaskTextTests
{
    [Fact]
    public void A_path_cannot_break_its_line()
    {
        var record = new task_file_record { fd = 12345, flags = 2, mode = 0x81A4, kind = (uint)holder_kind.HOLDER_MAP, id = 42, known = uint.MaxValue };
        Assert.Equal("12345 rw   map            42 /a\\nb\\x1b[31m\\\\\\xff\n", Safe(record, [.. "/a\nb\x1b[31m\\"u8, 0xFF, 0]));
        Assert.Equal("   3 path  directory       - /\n", Text.Of(to => TaskFiles.Append(to, record with { fd = 3, flags = 0x200000, mode = 0x41ED, kind = 0, id = 0 }, "/\0"u8)));
        Assert.Equal("   3 r     anon            - -\n", Text.Of(to => TaskFiles.Append(to, record with { fd = 3, flags = 0, mode = 0x180, kind = 0, id = 0 }, default)));
        Assert.Equal("   3 -     -               - -\n", Text.Of(to => TaskFiles.Append(to, new task_file_record { fd = 3 }, default)));
    }

    [Fact]
    public void A_mapping_is_a_line_of_proc_maps()
    {
        var record = new task_vma_record { start = 0x7f84ea2d5000, end = 0x7f84ea2d7000, flags = 3, offset = 0x33000, dev = (0xfe << 20) | 1, ino = 331651, name = vma_name.VMA_FILE };
        Assert.Equal("7f84ea2d5000-7f84ea2d7000 rw-p 00033000 fe:01 331651                     /lib/x\\n\n", Text.Of(to => TaskVmas.Append(to, record, "/lib/x\n"u8)));
        Assert.Equal("00400000-00401000 --xs 00000000 00:00 0 \n", Text.Of(to => TaskVmas.Append(to, new task_vma_record { start = 0x400000, end = 0x401000, flags = 0x84 }, default)));
        Assert.EndsWith("   [anon:\\x1b]\n", Text.Of(to => TaskVmas.Append(to, new task_vma_record { name = vma_name.VMA_ANON }, "\x1b"u8)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_verifiers_words_are_without_addresses()
    {
        Assert.Equal("5: (18) r1 = <kernel> ; R1=map_value(off=0x10)", UserErrorFile.WithoutAddresses("5: (18) r1 = 0xffffc9000112c000 ; R1=map_value(off=0x10)"));
        Assert.Equal("umax=0xffffffffffffffff 0x123456789a", UserErrorFile.WithoutAddresses("umax=0xffffffffffffffff 0x123456789a"));
    }

    private static string Safe(in task_file_record record, byte[] path)
    {
        task_file_record copy = record;
        string line = Text.Of(to => TaskFiles.Append(to, copy, path));
        Text.AssertSafe(Encoding.UTF8.GetBytes(line), "\n");
        return line;
    }
}
