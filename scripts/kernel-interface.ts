/** src/kernel/interface in AssemblyScript. */
import { exportsOf, interfaceChecksum } from '../src/kernel/interface/checksum.ts';
import * as enumerations from '../src/kernel/interface/enumerations.ts';
import * as numbers from '../src/kernel/interface/numbers.ts';
import { bytesOf, records } from '../src/kernel/interface/records.ts';
import * as sizes from '../src/kernel/interface/sizes.ts';

const types = { u32: 'u32', i32: 'i32', address: 'usize', shape: 'Shape' } as const;

/** @returns the text of assembly/base/interface.ts */
export function assemblyInterface(): string {
  const parts = [
    '/** Made by scripts/build-kernel.ts from ../../interface, which says what each part means: not to be edited. */',
    "import { Shape } from './shape-record';",
    '',
    ...exportsOf(sizes).map(([name, value]) => `export const ${name}: usize = ${value};`),
    ...exportsOf(numbers).map(([name, value]) => `export const ${name}: u32 = ${value};`),
    `export const INTERFACE_CHECKSUM: u32 = ${interfaceChecksum};`,
    ...Object.entries(records).map(
      ([name]) => `export const ${upperSnake(name)}_BYTES: usize = ${bytesOf(name as keyof typeof records)};`,
    ),
    ...exportsOf<Readonly<Record<string, number>>>(enumerations).map(([name, values]) => namespaceOf(name, values)),
    ...Object.entries(records).map(([name, fields]) => classOf(name, fields)),
  ];
  return `${parts.join('\n')}\n`;
}

function namespaceOf(name: string, values: Readonly<Record<string, number>>): string {
  const lines = Object.entries(values).map(([key, value]) => `  export const ${upperSnake(key)}: u32 = ${value};`);
  return `\nexport namespace ${name} {\n${lines.join('\n')}\n}`;
}

function classOf(name: string, fields: Readonly<Record<string, keyof typeof types | 'text'>>): string {
  const lines = Object.entries(fields).flatMap(([field, type]) =>
    type === 'text' ? [`  ${field}: usize;`, `  ${field}Length: u32;`] : [`  ${field}: ${types[type]};`],
  );
  return `\n@unmanaged\nexport class ${name.charAt(0).toUpperCase()}${name.slice(1)} {\n${lines.join('\n')}\n}`;
}

/** `octetCounting` → `OCTET_COUNTING` */
function upperSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
