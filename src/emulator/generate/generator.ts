/**
 * Generates log groups. Every log's last field is `seq`, `<shard>-<n>`, n counting from 0 without a gap in each shard:
 * a receiver can tell which logs are missing, came twice, or are out of order.
 *
 * Deterministic: the seed, the shard and the receive times decide every byte, whatever the order in which shards are
 * filled.
 */
import { createAccessProfile } from './access.ts';
import { createAuditProfile } from './audit.ts';
import { createFileProfile } from './file.ts';
import { createLogGroupWriter } from './log-group-writer.ts';
import { createNastyProfile } from './nasty.ts';
import type { Profile } from './profile.ts';
import { createRandom, type Random, streamSeed } from './random.ts';

/** `file:PATH`: the lines of a file. */
export type ProfileName = 'access' | 'audit' | 'nasty' | `file:${string}`;

export interface Generator {
  readonly logsPerGroup: number;
  /** @param firstSequence the sequence number of the group's first log */
  createGroup(shard: number, firstSequence: number, logCount: number, timeS: number): Uint8Array;
}

export function isProfileName(name: string): name is ProfileName {
  return name === 'access' || name === 'audit' || name === 'nasty' || /^file:./.test(name);
}

/** @throws Error when the file of a `file:` profile cannot be read */
export function createGenerator(profileName: ProfileName, seed: number): Generator {
  const profile = createProfile(profileName);
  const writer = createLogGroupWriter();
  const randoms = new Map<number, Random>();

  const randomOf = (shard: number): Random => {
    const random = randoms.get(shard) ?? createRandom(streamSeed(seed, shard));
    randoms.set(shard, random);
    return random;
  };

  return {
    logsPerGroup: profile.logsPerGroup,
    createGroup(shard, firstSequence, logCount, timeS) {
      const random = randomOf(shard);
      for (let i = 0; i < logCount; i++) {
        profile.writeLog(writer, random, timeS, firstSequence + i);
        writer.field('seq', `${shard}-${firstSequence + i}`);
        writer.endLog();
      }
      return writer.finish(profile.groupMeta(random));
    },
  };
}

function createProfile(name: ProfileName): Profile {
  switch (name) {
    case 'access':
      return createAccessProfile();
    case 'audit':
      return createAuditProfile();
    case 'nasty':
      return createNastyProfile();
    default:
      return createFileProfile(name.slice('file:'.length));
  }
}
