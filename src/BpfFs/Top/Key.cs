namespace BpfFs.Top;

/// <summary>Keys that are not a character.</summary>
internal enum KeyName
{
    Char,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Escape,
    Backspace,
    Tab,
    Other,
}

/// <summary>One key.</summary>
/// <param name="Name">Which.</param>
/// <param name="Char">Of <see cref="KeyName.Char"/>: ASCII, also ^A to ^Z as 1 to 26.</param>
internal readonly record struct Key(KeyName Name, char Char = '\0')
{
    /// <summary>Takes a key out of what was typed; null: nothing was. Sequences are those of xterm and the Linux console (console_codes(4)).</summary>
    /// <param name="input">Bytes of the terminal.</param>
    /// <param name="more">Adds what follows at once; false: nothing does.</param>
    public static Key? Parse(Queue<byte> input, Func<bool> more)
    {
        if (!input.TryDequeue(out byte first)) return null;
        if (first != 0x1b) return OfByte(first);
        if (input.Count == 0 && !more()) return new Key(KeyName.Escape);
        if (input.Peek() is not ((byte)'[' or (byte)'O')) return new Key(KeyName.Escape);
        input.Dequeue();
        int number = 0;
        while (true)
        {
            if (input.Count == 0 && !more()) return new Key(KeyName.Other);
            byte next = input.Dequeue();
            if (next is >= (byte)'0' and <= (byte)'9') number = Math.Min((number * 10) + next - '0', 999);
            else if (next is >= 0x40 and <= 0x7e) return new Key(OfSequence((char)next, number));
            else number = 0; // a modifier's separator
        }
    }

    private static Key OfByte(byte value) => value switch
    {
        (byte)'\r' or (byte)'\n' => new Key(KeyName.Enter),
        (byte)'\t' => new Key(KeyName.Tab),
        0x7f or 8 => new Key(KeyName.Backspace),
        < 0x80 => new Key(KeyName.Char, (char)value),
        _ => new Key(KeyName.Other),
    };

    private static KeyName OfSequence(char final, int number) => (final, number) switch
    {
        ('A', _) => KeyName.Up,
        ('B', _) => KeyName.Down,
        ('C', _) => KeyName.Right,
        ('D', _) => KeyName.Left,
        ('H', _) or ('~', 1 or 7) => KeyName.Home,
        ('F', _) or ('~', 4 or 8) => KeyName.End,
        ('~', 5) => KeyName.PageUp,
        ('~', 6) => KeyName.PageDown,
        _ => KeyName.Other,
    };
}
