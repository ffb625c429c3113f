/**
 * Compiles src/kernel/assembly to WebAssembly: beside the sources, for whatever runs from them, and into dist. What it
 * shares with the host is made of src/kernel/interface first. Only a build needs the compiler; the package brings the
 * result.
 */
import { copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { assemblyInterface } from './kernel-interface.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = 'src/kernel/kernel.wasm';

writeFileSync(`${root}/src/kernel/assembly/base/interface.ts`, assemblyInterface());

const { error, stdout, stderr } = await asc.main([
  'src/kernel/assembly/index.ts',
  ...['--baseDir', root, '--outFile', output],
  ...['--optimizeLevel', '3', '--converge', '--noAssert', '--runtime', 'stub'],
  // AS201: a conversion that looks lossy and is not. It reads like an error of the build.
  ...['--disableWarning', '201'],
  ...['--enable', 'simd', '--enable', 'bulk-memory'],
]);
if (error) {
  process.stderr.write(`${stdout}${stderr}${error.message}\n`);
  process.exit(1);
}
mkdirSync(`${root}/dist/kernel`, { recursive: true });
copyFileSync(`${root}/${output}`, `${root}/dist/kernel/kernel.wasm`);
// The optimizer says that it could go round once more; it always can.
const said = `${stderr}`.replace(/^Last converge was suboptimal\.$/gm, '').trim();
if (said) process.stderr.write(`${said}\n`);
process.stdout.write(`kernel.wasm: ${statSync(`${root}/${output}`).size} bytes\n`);
