/** A source's settings with the key that the configuration has by now. */
import type { ServiceConfig } from '../../config/model/config.ts';
import type { ServiceOptions } from '../build.ts';

export function withPresentKey(service: ServiceConfig, read: ServiceOptions['readCredentials']): ServiceConfig {
  try {
    const { securityToken: _, ...place } = service;
    const { accessKeyId, accessKeySecret, securityToken } = read?.() ?? service;
    return { ...place, accessKeyId, accessKeySecret, ...(securityToken !== undefined && { securityToken }) };
  } catch {
    return service; // the file cannot be used at present
  }
}
