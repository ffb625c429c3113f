/** Columns as wide as their widest cell. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, at) => Math.max(column.length, ...rows.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('   ')
      .trimEnd();
  return [columns, widths.map((width) => '─'.repeat(width)), ...rows].map(line).join('\n');
}
