/** The ready-made mappings, by name. */
import { actiontrail } from './actiontrail.ts';
import { cloudFirewall } from './cloud-firewall.ts';
import { k8sAudit } from './k8s-audit.ts';
import type { ReadyMapping } from './mapping.ts';
import { nginx } from './nginx.ts';
import { ossAccess } from './oss-access.ts';
import { waf } from './waf.ts';

export const mappingNames = ['actiontrail', 'waf', 'k8s-audit', 'nginx', 'oss-access', 'cloud-firewall'] as const;
export type MappingName = (typeof mappingNames)[number];

const mappings: Readonly<Record<MappingName, ReadyMapping>> = {
  actiontrail,
  waf,
  'k8s-audit': k8sAudit,
  nginx,
  'oss-access': ossAccess,
  'cloud-firewall': cloudFirewall,
};

export function readyMapping(name: MappingName): ReadyMapping {
  return mappings[name];
}
