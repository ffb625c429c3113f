/**
 * The commands beside `run`, each loaded only when it is called: `run` should not have to load their modules (the
 * emulator, protobufjs, the receiver).
 */
import { Command } from 'commander';

const loaders = {
  emulator: {
    description: 'run the embedded log service: the same wire protocol in memory, no account needed',
    load: async () => (await import('./emulator.ts')).emulatorCommand(),
  },
  receiver: {
    description:
      "run a small receiver of syslog or of Splunk's HEC: print what comes, or count it and check sequence numbers",
    load: async () => (await import('./receiver/command.ts')).receiverCommand(),
  },
  demo: {
    description: 'try it all on this machine: embedded log service, daemon and receiver; no account needed',
    load: async () => (await import('./demo.ts')).demoCommand(),
  },
} as const satisfies Record<string, { readonly description: string; readonly load: () => Promise<Command> }>;

/**
 * The commands for the help's list. A command is loaded if its name is anywhere in the command line, also as a value.
 * @param args the command line without node and the script
 */
export function subCommands(args: readonly string[]): Promise<Command[]> {
  return Promise.all(
    Object.entries(loaders).map(async ([name, { description, load }]) => {
      const command = args.includes(name) ? await load() : new Command(name);
      return command.description(description);
    }),
  );
}
