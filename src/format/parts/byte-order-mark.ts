/**
 * Puts U+FEFF in front of MSG, which tells a receiver that MSG is UTF-8 (RFC 5424, section 6.4). So invalid UTF-8
 * becomes U+FFFD.
 */
import { type Format, isTextFormat } from './format.ts';
import type { FormatRow } from './format-row.ts';
import type { LogView } from './log-view.ts';
import type { TextFormat } from './text-format.ts';

const MARK = '\ufeff';
const markBytes = Uint8Array.from(Buffer.from(MARK, 'utf8'));

/** Smallest `maxBytes` that a text format's `cut` takes. */
const leastBytes = 4;

/** @param format a format whose text is MSG */
export function withByteOrderMark(format: Format): Format {
  return isTextFormat(format) ? markedText(format) : markedRow(format);
}

function markedRow(row: FormatRow): FormatRow {
  const { mapped, prefix } = row;
  if (!mapped) return { ...row, prefix: Uint8Array.from([...markBytes, ...prefix]), invalidUtf8: 'replace' };
  const head = [{ kind: 'constant', bytes: markBytes } as const, ...mapped.head];
  return { ...row, mapped: { ...mapped, head }, invalidUtf8: 'replace' };
}

function markedText(format: TextFormat): TextFormat {
  const { kind, name, cut } = format;
  const marked = (text: unknown): unknown => {
    if (typeof text === 'string') return MARK + text;
    return text instanceof Uint8Array ? MARK + decoder.decode(text) : text;
  };
  return {
    kind,
    name,
    format: (log: LogView) => marked(format.format(log)) as string,
    ...(cut && {
      cut: (log: LogView, maxBytes: number) =>
        MARK + cut.call(format, log, Math.max(leastBytes, maxBytes - markBytes.length)),
    }),
  };
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
