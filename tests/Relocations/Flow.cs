namespace Relocations.Tests;

/// <summary>
/// Which instructions of a program the verifier comes to: it follows a branch only where the condition may hold, and it knows constants. So what stands behind
/// <c>if (bpf_core_field_exists(...))</c> is looked at on kernels that have the field, and only there.
///
/// Constants are followed through registers and the stack; where two ways meet, only what both agree on stays known. The verifier knows more than this
/// (ranges, single paths), so what is not reached here it does not reach either.
/// </summary>
internal sealed class Flow
{
    private const int Registers = 11;
    private const int StackSlots = 128; // of four bytes
    private readonly CoreObject _object;
    private readonly Func<CoreRelocation, long?> _valueOf;
    private readonly Dictionary<(int Section, int Insn), Value[]> _before = [];
    private readonly Queue<(int Section, int Insn)> _work = [];

    /// <param name="of">The object.</param>
    /// <param name="program">One of its programs.</param>
    /// <param name="valueOf">What a relocation puts into its instruction; null: not known.</param>
    public Flow(CoreObject of, CoreFunction program, Func<CoreRelocation, long?> valueOf)
    {
        (_object, _valueOf) = (of, valueOf);
        foreach (CoreFunction function in of.FunctionsOf(program))
        {
            if (function.IsGlobal) Enter(function);
        }
        while (_work.TryDequeue(out (int Section, int Insn) at)) Follow(at.Section, at.Insn);
    }

    private enum Known : byte
    {
        Nothing,
        Number,
        Frame, // so many bytes from the frame pointer
        InFrame, // somewhere in the frame
        FieldOffset, // of the relocation in this section and instruction
        FieldAddress,
    }

    /// <summary>Relocated instructions that are reached.</summary>
    public HashSet<CoreRelocation> Reached { get; } = [];

    /// <summary>Loads by an address that was made with a field's offset, and so not by a helper: the relocation, from how many bytes behind it, and how many.</summary>
    public HashSet<(CoreRelocation Field, int From, int Bytes)> Loads { get; } = [];

    private void Enter(CoreFunction function)
    {
        Value[] state = new Value[Registers + StackSlots];
        state[10] = new(Known.Frame, 0);
        Join(function.Section, function.Start, state);
    }

    private void Join(int section, int insn, Value[] state)
    {
        if (!_before.TryGetValue((section, insn), out Value[]? known))
        {
            _before[(section, insn)] = (Value[])state.Clone();
            _work.Enqueue((section, insn));
            return;
        }
        bool changed = false;
        for (int i = 0; i < state.Length; i++)
        {
            if (known[i].Is == Known.Nothing || known[i] == state[i]) continue;
            Value met = known[i].IsFrame && state[i].IsFrame ? new(Known.InFrame, 0) : default;
            changed |= known[i] != met;
            known[i] = met;
        }
        if (changed) _work.Enqueue((section, insn));
    }

    /// <summary>Goes on until the ways part.</summary>
    private void Follow(int section, int insn)
    {
        Value[] state = (Value[])_before[(section, insn)].Clone();
        while (true)
        {
            ulong word = _object.Insn(section, insn);
            int code = (byte)word, to = (int)(word >> 8) & 15, from = (int)(word >> 12) & 15, immediate = (int)(word >> 32);
            short offset = (short)(word >> 16);
            CoreRelocation? relocation = _object.RelocationAt(section, insn);
            if (relocation is not null) Reached.Add(relocation);
            if (_object.Referred(section, insn) is { } called) Enter(called);
            switch (code & 7)
            {
                case 0 or 1: // LD, LDX
                    bool isWide = code == 0x18;
                    state[to] = isWide ? Wide(section, insn, relocation) : Load(state, from, offset, Width(code));
                    insn += isWide ? 2 : 1;
                    continue;
                case 2 or 3: // ST, STX
                    bool isAtomic = code >> 5 == 6;
                    if (state[to].Is == Known.InFrame) Array.Clear(state, Registers, StackSlots);
                    if (state[to].Is == Known.Frame) Store(state, (int)state[to].Number + offset, Width(code), isAtomic ? default : (code & 7) == 2 ? new(Known.Number, immediate) : state[from]);
                    if (isAtomic) state[immediate == 0xF1 ? 0 : from] = default; // BPF_CMPXCHG
                    insn++;
                    continue;
                case 4 or 7: // ALU, ALU64
                    state[to] = Compute(code, state[to], (code & 8) != 0 ? state[from] : Immediate(relocation, immediate), relocation);
                    insn++;
                    continue;
            }
            switch (code >> 4)
            {
                case 9: // exit
                    return;
                case 8: // call
                    for (int argument = 1; argument <= 5; argument++) Hand(state, state[argument], argument < 5 ? state[argument + 1] : default);
                    Array.Clear(state, 0, 6);
                    insn++;
                    continue;
                case 0: // ja
                    Join(section, insn + 1 + ((code & 7) == 6 ? immediate : offset), state);
                    return;
            }
            bool? taken = IsTaken(code, state[to], (code & 8) != 0 ? state[from] : new(Known.Number, immediate));
            if (taken != false) Join(section, insn + 1 + offset, state);
            if (taken != true) Join(section, insn + 1, state);
            return;
        }
    }

    private Value Wide(int section, int insn, CoreRelocation? relocation)
    {
        if (relocation is not null) return _valueOf(relocation) is { } value ? new(Known.Number, value) : default;
        ulong low = _object.Insn(section, insn), high = _object.Insn(section, insn + 1);
        bool isNumber = ((low >> 12) & 15) == 0 && !_object.TakesAddress(section, insn);
        return isNumber ? new(Known.Number, (long)((low >> 32) | (high & 0xFFFFFFFF00000000))) : default;
    }

    private Value Load(Value[] state, int from, int offset, int width)
    {
        Value address = state[from];
        if (address.Is == Known.FieldAddress) Loads.Add((_object.RelocationAt((int)(address.Number >> 32), (int)address.Number)!, address.Behind + offset, width));
        if (address.Is != Known.Frame) return default;
        int slot = ((int)address.Number + offset + 512) >> 2;
        if (slot is < 0 or >= StackSlots || (offset & 3) != 0) return default;
        Value value = state[Registers + slot];
        return value.Width == width ? value with { Width = 0 } : default;
    }

    private static void Store(Value[] state, int offset, int width, Value value)
    {
        int first = (offset + 512) >> 2, last = (offset + width - 1 + 512) >> 2;
        if (first < 0 || last >= StackSlots) return;
        if (first > 0 && state[Registers + first - 1].Width == 8) state[Registers + first - 1] = default;
        for (int slot = first; slot <= last; slot++) state[Registers + slot] = default;
        if (width >= 4 && (offset & 3) == 0 && value.Is != Known.Nothing) state[Registers + first] = value with { Width = (byte)width };
    }

    /// <summary>What a called function has the address of, it may write.</summary>
    private static void Hand(Value[] state, Value address, Value next)
    {
        if (!address.IsFrame) return;
        int first = address.Is == Known.Frame ? Math.Clamp(((int)address.Number + 512) >> 2, 0, StackSlots) : 0;
        int slots = address.Is == Known.Frame && next is { Is: Known.Number, Number: > 0 and < 512 } ? (int)(next.Number + 3) >> 2 : StackSlots;
        if (first > 0) first--; // of eight bytes that begin before
        Array.Clear(state, Registers + first, Math.Min(slots + 1, StackSlots - first));
    }

    private Value Immediate(CoreRelocation? relocation, int immediate)
    {
        if (relocation is null) return new(Known.Number, immediate);
        if (relocation.Kind != CoreKind.FieldByteOffset) return _valueOf(relocation) is { } value ? new(Known.Number, value) : default;
        return new(Known.FieldOffset, ((long)relocation.Section << 32) | (uint)relocation.Insn);
    }

    private static Value Compute(int code, Value left, Value right, CoreRelocation? relocation)
    {
        bool isLong = (code & 7) == 7;
        int operation = code >> 4;
        if (operation == 11) return isLong || right.Is != Known.Number ? right : new(Known.Number, (uint)right.Number); // mov
        if (operation == 0 && isLong)
        {
            if (right.Is == Known.FieldOffset) return new(Known.FieldAddress, right.Number);
            if (left.Is == Known.FieldOffset) return new(Known.FieldAddress, left.Number);
            if (left.Is == Known.FieldAddress && right.Is == Known.Number) return left with { Behind = left.Behind + (int)right.Number };
            if (right.Is == Known.FieldAddress && left.Is == Known.Number) return right with { Behind = right.Behind + (int)left.Number };
            if (left.Is == Known.Frame && right.Is == Known.Number) return new(Known.Frame, left.Number + right.Number);
            if (right.Is == Known.Frame && left.Is == Known.Number) return new(Known.Frame, left.Number + right.Number);
            if (left.IsFrame || right.IsFrame) return new(Known.InFrame, 0);
        }
        if (operation == 8 && left.Is == Known.Number) return new(Known.Number, isLong ? -left.Number : (uint)-left.Number);
        if (left.Is != Known.Number || right.Is != Known.Number) return default;
        (long a, long b) = isLong ? (left.Number, right.Number) : ((uint)left.Number, (uint)right.Number);
        int bits = isLong ? 63 : 31;
        long? result = operation switch
        {
            0 => a + b,
            1 => a - b,
            2 => a * b,
            4 => a | b,
            5 => a & b,
            6 => a << ((int)b & bits),
            7 => (long)((ulong)a >> ((int)b & bits)),
            10 => a ^ b,
            12 => isLong ? a >> ((int)b & bits) : (int)a >> ((int)b & bits),
            _ => null, // division and swaps
        };
        return result is { } number ? new(Known.Number, isLong ? number : (uint)number) : default;
    }

    private static bool? IsTaken(int code, Value left, Value right)
    {
        if (left.Is != Known.Number || right.Is != Known.Number) return null;
        (long a, long b) = (code & 7) == 5 ? (left.Number, right.Number) : ((int)left.Number, (int)right.Number);
        (ulong ua, ulong ub) = (code & 7) == 5 ? ((ulong)a, (ulong)b) : ((uint)a, (uint)b);
        return (code >> 4) switch
        {
            1 => a == b,
            2 => ua > ub,
            3 => ua >= ub,
            4 => (a & b) != 0,
            5 => a != b,
            6 => a > b,
            7 => a >= b,
            10 => ua < ub,
            11 => ua <= ub,
            12 => a < b,
            13 => a <= b,
            _ => null,
        };
    }

    private static int Width(int code) => (code & 0x18) switch { 0 => 4, 8 => 2, 0x10 => 1, _ => 8 };

    /// <param name="Is">What is known.</param>
    /// <param name="Number">The number, bytes from the frame pointer, or section and instruction of a relocation.</param>
    private readonly record struct Value(Known Is, long Number)
    {
        /// <summary>Bytes behind a field's address.</summary>
        public int Behind { get; init; }

        public bool IsFrame => Is is Known.Frame or Known.InFrame;

        /// <summary>On the stack, bytes that were stored.</summary>
        public byte Width { get; init; }
    }
}
