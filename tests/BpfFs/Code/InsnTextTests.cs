using System.Text;
using BpfFs.Objects.Code;
using BpfFs.Rendering;

namespace BpfFs.Tests.Code;

/// <summary>One instruction of every kind, in the words of Linux 6.18's kernel/bpf/disasm.c.</summary>
public class InsnTextTests
{
    [Theory]
    [InlineData(0xb7, 1, 0, 0, 5, "r1 = 5")]
    [InlineData(0xb4, 1, 0, 0, -5, "w1 = -5")]
    [InlineData(0xbf, 6, 1, 0, 0, "r6 = r1")]
    [InlineData(0xbc, 6, 1, 0, 0, "w6 = w1")]
    [InlineData(0xbf, 6, 1, 8, 0, "r6 = (s8)r1")]
    [InlineData(0xbc, 6, 1, 16, 0, "w6 = (s16)w1")]
    [InlineData(0xbf, 6, 1, 32, 0, "r6 = (s32)r1")]
    [InlineData(0xbf, 0, 2, -1, 0, "r0 = &(void __percpu *)(r2)")]
    [InlineData(0xbf, 1, 2, 1, 0x10000, "r1 = addr_space_cast(r2, 1, 0)")]
    [InlineData(0x07, 1, 0, 0, -8, "r1 += -8")]
    [InlineData(0x1f, 1, 2, 0, 0, "r1 -= r2")]
    [InlineData(0x2f, 1, 2, 0, 0, "r1 *= r2")]
    [InlineData(0x3f, 1, 2, 0, 0, "r1 /= r2")]
    [InlineData(0x3f, 1, 2, 1, 0, "r1 s/= r2")]
    [InlineData(0x94, 1, 0, 0, 7, "w1 %= 7")]
    [InlineData(0x97, 1, 0, 1, 7, "r1 s%= 7")]
    [InlineData(0x4f, 1, 2, 0, 0, "r1 |= r2")]
    [InlineData(0x57, 1, 0, 0, 255, "r1 &= 255")]
    [InlineData(0x67, 1, 0, 0, 32, "r1 <<= 32")]
    [InlineData(0x77, 1, 0, 0, 32, "r1 >>= 32")]
    [InlineData(0xc7, 1, 0, 0, 32, "r1 s>>= 32")]
    [InlineData(0xaf, 1, 2, 0, 0, "r1 ^= r2")]
    [InlineData(0x87, 3, 0, 0, 0, "r3 = -r3")]
    [InlineData(0x84, 3, 0, 0, 0, "w3 = -w3")]
    [InlineData(0xdc, 1, 0, 0, 16, "r1 = be16 r1")]
    [InlineData(0xd4, 1, 0, 0, 64, "r1 = le64 r1")]
    [InlineData(0xd7, 1, 0, 0, 32, "r1 = bswap32 r1")]
    [InlineData(0x61, 8, 6, 0, 0, "r8 = *(u32 *)(r6 +0)")]
    [InlineData(0x79, 3, 10, -8, 0, "r3 = *(u64 *)(r10 -8)")]
    [InlineData(0x91, 3, 1, 4, 0, "r3 = *(s8 *)(r1 +4)")]
    [InlineData(0x6b, 10, 1, -2, 0, "*(u16 *)(r10 -2) = r1")]
    [InlineData(0x72, 10, 0, -1, 7, "*(u8 *)(r10 -1) = 7")]
    [InlineData(0xc2, 0, 0, 0, 0, "nospec")]
    [InlineData(0x30, 0, 0, 0, 12, "r0 = *(u8 *)skb[12]")]
    [InlineData(0x48, 0, 3, 0, 2, "r0 = *(u16 *)skb[r3 + 2]")]
    [InlineData(0xdb, 1, 2, 8, 0x00, "lock *(u64 *)(r1 +8) += r2")]
    [InlineData(0xc3, 1, 2, 8, 0x50, "lock *(u32 *)(r1 +8) &= r2")]
    [InlineData(0xdb, 1, 2, 0, 0x01, "r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)")]
    [InlineData(0xc3, 1, 2, 0, 0xa1, "r2 = atomic_fetch_xor((u32 *)(r1 +0), r2)")]
    [InlineData(0xdb, 1, 2, 0, 0xe1, "r2 = atomic64_xchg((u64 *)(r1 +0), r2)")]
    [InlineData(0xdb, 1, 2, 0, 0xf1, "r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)")]
    [InlineData(0xdb, 1, 2, 0, 0x100, "r1 = load_acquire((u64 *)(r2 +0))")]
    [InlineData(0xdb, 1, 2, 0, 0x110, "store_release((u64 *)(r1 +0), r2)")]
    [InlineData(0xdb, 1, 2, 0, 0x77, "unknown")]
    [InlineData(0x05, 0, 0, -3, 0, "goto pc-3")]
    [InlineData(0x06, 0, 0, 0, 70000, "gotol pc+70000")]
    [InlineData(0x0d, 3, 0, 0, 0, "gotox r3")]
    [InlineData(0xe5, 0, 0, 2, 0, "may_goto pc+2")]
    [InlineData(0x95, 0, 0, 0, 0, "exit")]
    [InlineData(0x15, 1, 0, 5, -1, "if r1 == 0xffffffff goto pc+5")]
    [InlineData(0x5d, 1, 2, 5, 0, "if r1 != r2 goto pc+5")]
    [InlineData(0xbe, 1, 8, 17, 0, "if w1 <= w8 goto pc+17")]
    [InlineData(0xc6, 0, 0, -1, 16, "if w0 s< 0x10 goto pc-1")]
    [InlineData(0x45, 1, 0, 1, 4, "if r1 & 0x4 goto pc+1")]
    public void Instruction(int code, int dst, int src, int offset, int immediate, string text)
    {
        using var to = new TextBuffer();
        ulong bits = (uint)(code | (dst << 8) | (src << 12)) | ((ulong)(ushort)offset << 16) | ((ulong)(uint)immediate << 32);
        InsnText.Append(new Insn(bits), to);
        Assert.Equal($"({code:x2}) {text}", Encoding.UTF8.GetString(to.Written));
    }

    [Fact]
    public void No_opcode_is_an_error()
    {
        using var to = new TextBuffer();
        for (int code = 0; code < 256; code++)
        {
            foreach (uint upper in (uint[])[0, 1, 0x50, 0xFFFFFFFF])
            {
                InsnText.Append(new Insn((uint)code | ((ulong)upper << 32)), to);
                Assert.NotEqual(0, to.Length);
                to.Clear();
            }
        }
    }
}
