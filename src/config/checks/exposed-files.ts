/** Files with secrets that every user of the machine may read: allowed, for a container has one user, but to be said. */
import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { hidden, kebabCase } from '../settings/setting.ts';
import { type SettingKey, settings } from '../settings/settings.ts';
import type { ConfigFile } from '../sources/file.ts';
import { filesPutIn } from '../sources/interpolate.ts';
import type { RawValue } from '../sources/raw-value.ts';
import type { Section } from '../sources/sections.ts';
import type { TlsFilesGiven } from '../sources/tls-files.ts';

/** @returns a warning for each file */
export function exposedFiles(
  file: ConfigFile | undefined,
  readings: readonly { readonly tlsFiles: TlsFilesGiven }[],
): readonly string[] {
  const secrets = secretsIn(file);
  const plain = secrets.filter(([, { written }]) => written === undefined).map(([key]) => kebabCase(key));
  const putIn = secrets.flatMap(([, { written = [], baseDirectory }]) => {
    return written.flatMap((text) => filesPutIn(text, baseDirectory));
  });
  const keys = readings.flatMap(({ tlsFiles: { files, paths } }) => (files.key ? (paths.key ?? paths.cert ?? []) : []));
  return [
    ...(file?.path !== undefined && plain.length > 0
      ? exposed(
          file.path,
          `holds ${[...new Set(plain)].join(' and ')}`,
          ', or put the value in by ${NAME} or ${file:PATH}',
        )
      : []),
    ...[...new Set(putIn)].flatMap((path) => exposed(path, 'holds a secret')),
    ...[...new Set(keys)].flatMap((path) => exposed(path, 'holds a private key')),
  ];
}

/** With the place where each was written in the file. */
function secretsIn(file: ConfigFile | undefined): readonly (readonly [SettingKey, RawValue])[] {
  const sections: readonly Section[] = Object.values(file?.sections ?? {}).flat();
  const all = [...(file?.values ?? []), ...sections.flatMap(({ values }) => [...values])];
  // What has a flag may be a secret (options of a module), and mostly is none.
  return all.filter(([key]) => settings[key].noFlag && settings[key].mask === hidden);
}

function exposed(path: string, holds: string, instead = ''): readonly string[] {
  const mode = modeForOthers(path);
  if (mode === undefined) return [];
  return [
    `${path} ${holds}, and every user of this machine may read it (mode ${mode}): chmod o-r it (a volume of a Kubernetes Secret: defaultMode: 0440)${instead}`,
  ];
}

/** @returns the file's mode, where others than its owner and group may read it and pass every directory above it */
function modeForOthers(path: string): string | undefined {
  // Elsewhere modes say little of who may read.
  if (process.platform === 'win32') return undefined;
  try {
    const real = realpathSync(path);
    const { mode } = statSync(real);
    if ((mode & 0o004) === 0) return undefined;
    for (let place = dirname(real); ; place = dirname(place)) {
      if ((statSync(place).mode & 0o001) === 0) return undefined;
      if (place === dirname(place)) return (mode & 0o7777).toString(8).padStart(4, '0');
    }
  } catch {
    return undefined;
  }
}
