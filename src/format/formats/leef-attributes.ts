/**
 * The predefined attributes of LEEF, each with its type ("Predefined LEEF event attributes", IBM QRadar Log Event
 * Extended Format guide, version 2).
 */
import type { ValueType } from '../parts/mapped.ts';

export const leefAttributes: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  ['cat', 'text'],
  ['devTime', 'time'],
  ['devTimeFormat', 'text'],
  ['proto', 'text'],
  ['sev', 'integer'],
  ['src', 'ip'],
  ['dst', 'ip'],
  ['srcPort', 'integer'],
  ['dstPort', 'integer'],
  ['srcPreNAT', 'ip'],
  ['dstPreNAT', 'ip'],
  ['srcPostNAT', 'ip'],
  ['dstPostNAT', 'ip'],
  ['usrName', 'text'],
  ['srcMAC', 'text'],
  ['dstMAC', 'text'],
  ['srcPreNATPort', 'integer'],
  ['dstPreNATPort', 'integer'],
  ['srcPostNATPort', 'integer'],
  ['dstPostNATPort', 'integer'],
  ['identSrc', 'ip'],
  ['identHostName', 'text'],
  ['identNetBios', 'text'],
  ['identGrpName', 'text'],
  ['identMAC', 'text'],
  ['vSrc', 'ip'],
  ['vSrcName', 'text'],
  ['accountName', 'text'],
  ['srcBytes', 'integer'],
  ['dstBytes', 'integer'],
  ['srcPackets', 'integer'],
  ['dstPackets', 'integer'],
  ['totalPackets', 'integer'],
  ['role', 'text'],
  ['realm', 'text'],
  ['policy', 'text'],
  ['resource', 'text'],
  ['url', 'text'],
  ['groupID', 'text'],
  ['domain', 'text'],
  ['isLoginEvent', 'text'],
  ['isLogoutEvent', 'text'],
  ['identSecondlp', 'ip'],
  ['calLanguage', 'text'],
  ['calCountryOrRegion', 'text'],
]);

/** The key for the port, by the key of its address. */
export const leefPortKeys: Readonly<Record<string, string>> = {
  src: 'srcPort',
  dst: 'dstPort',
  srcPreNAT: 'srcPreNATPort',
  dstPreNAT: 'dstPreNATPort',
  srcPostNAT: 'srcPostNATPort',
  dstPostNAT: 'dstPostNATPort',
};
