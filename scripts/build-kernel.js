/**
 * Compiles src/kernel/assembly to WebAssembly: beside the sources, for whatever runs from them, and into dist.
 * Only a build needs the compiler; the package brings the result.
 */
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = 'src/kernel/kernel.wasm';

const { error, stdout, stderr } = await asc.main([
  'src/kernel/assembly/index.ts',
  ...['--baseDir', root, '--outFile', output],
  ...['--optimizeLevel', '3', '--converge', '--noAssert', '--runtime', 'stub'],
  ...['--enable', 'simd', '--enable', 'bulk-memory'],
]);
if (error) {
  process.stderr.write(`${stdout}${stderr}${error.message}\n`);
  process.exit(1);
}
mkdirSync(`${root}/dist/kernel`, { recursive: true });
copyFileSync(`${root}/${output}`, `${root}/dist/kernel/kernel.wasm`);
process.stdout.write(`${stderr}kernel.wasm: ${statSync(`${root}/${output}`).size} bytes\n`);
