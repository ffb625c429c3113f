import { describe, expect, test } from 'vitest';
import { descriptorsOfDaemon, outOfDescriptors, scarceDescriptors } from '../../../../src/cli/process/descriptors.ts';

describe('what a daemon may need', () => {
  test('grows with its sources and receivers, and is never less than loading takes', () => {
    expect(descriptorsOfDaemon(1, 1)).toBe(256);
    expect(descriptorsOfDaemon(10, 20)).toBe(64 + 960 + 160);
  });

  test('is said where the limit is lower, with what to do', () => {
    expect(scarceDescriptors(1184, 1024)).toMatch(
      /^this process may open 1024 files and connections \(ulimit -n\), and may need 1184; raise the limit to 1184 or more: .*LimitNOFILE=1184/,
    );
    expect(scarceDescriptors(256, 256)).toBeUndefined();
  });
});

describe('an error', () => {
  const withCode = (code: string) => Object.assign(new Error('open failed'), { code });

  test('for want of descriptors is said in words', () => {
    expect(outOfDescriptors(withCode('EMFILE'), 64)).toContain('may open 64 files (ulimit -n), and needs 256 to load');
    expect(outOfDescriptors(withCode('ENFILE'), 64)).toContain('fs.file-max');
  });

  test('of another kind is not', () => {
    for (const error of [withCode('ENOENT'), new Error('EMFILE'), 'EMFILE', undefined]) {
      expect(outOfDescriptors(error, 64)).toBeUndefined();
    }
  });
});
