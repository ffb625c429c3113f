/**
 * A receiver as a process of its own, that can be killed: what it has read is in its file before it reads on, or
 * answers an end. Started by durable-receiver.ts with a port and the file.
 */
import { openSync, writeSync } from 'node:fs';
import { createScriptedReceiver } from './scripted-receiver.ts';

const [port, file] = process.argv.slice(2);
if (file === undefined) throw new Error('a port and a file are needed');
const fd = openSync(file, 'a');
const receiver = await createScriptedReceiver({
  port: Number(port),
  store: (arrivals) => writeSync(fd, arrivals.map(({ shard, number }) => `seq=${shard}-${number}\n`).join('')),
});
console.log(receiver.port);
