/**
 * The commands beside `run`, each loaded only where it is asked for: what they bring with them (the embedded service,
 * protobufjs, the receiver) is nothing that `run` should have to load before it can do anything.
 */
import { Command } from 'commander';

const loaders = {
  emulator: {
    description: 'run the embedded log service: the same wire protocol in memory, no account needed',
    load: async () => (await import('./emulator.ts')).emulatorCommand(),
  },
  receiver: {
    description: 'run a small syslog receiver: print messages, or count them and check their sequence numbers',
    load: async () => (await import('./receiver.ts')).receiverCommand(),
  },
  demo: {
    description: 'try it all on this machine: embedded log service, daemon and receiver; no account needed',
    load: async () => (await import('./demo.ts')).demoCommand(),
  },
} as const satisfies Record<string, { readonly description: string; readonly load: () => Promise<Command> }>;

/**
 * All of them, for the list in the help; those whose name is in the command line, also as a setting's value, whole.
 * @param args without node and the script in front
 */
export function subCommands(args: readonly string[]): Promise<Command[]> {
  return Promise.all(
    Object.entries(loaders).map(async ([name, { description, load }]) => {
      const command = args.includes(name) ? await load() : new Command(name);
      return command.description(description);
    }),
  );
}
