using BpfFs.View.Kept;
using Tmds.Linux;

namespace BpfFs.Tests.View;

public sealed class KeptTableTests
{
    [Theory]
    [InlineData(100)]
    [InlineData(4097)]
    [InlineData(100_000)]
    public void What_is_closed_takes_no_memory(int length)
    {
        using KeptMemory memory = KeptMemory.TryCreate(out int errno)!;
        Assert.Equal(0, errno);
        const uint Index = 1000; // the first slots keep theirs
        const ulong Handle = (1UL << 32) | Index;
        memory.Files.TryAdd(Handle, 1, new Opener(1, 0, 0), new byte[length]);
        memory.Files.Remove(Handle); // the slot itself stays
        long before = Blocks(memory);
        Assert.True(memory.Files.TryAdd(Handle + (2UL << 32), 1, new Opener(2, 0, 0), new byte[length]));
        Assert.True(Blocks(memory) > before);
        memory.Files.Remove(Handle + (2UL << 32));
        Assert.Equal(before, Blocks(memory));
    }

    [Fact]
    public void Closed_contents_leave_nothing_of_their_last_page()
    {
        using KeptMemory memory = KeptMemory.TryCreate(out _)!;
        for (uint index = 1000; index < 1010; index++)
        {
            memory.Files.TryAdd((1UL << 32) | index, 1, new Opener(index, 0, 0), new byte[4097]);
            memory.Files.Remove((1UL << 32) | index);
        }
        Assert.True(Blocks(memory) * 512 < 10 * 4096, $"{Blocks(memory) * 512} bytes"); // the slots, and what the header takes
    }

    private static unsafe long Blocks(KeptMemory memory)
    {
        stat found;
        Assert.Equal(0, LibC.fstat(memory.Descriptor, &found));
        return (long)found.st_blocks;
    }
}
