// Media that wait because they could not be fetched or kept: for whoever looks after the installation.
export { countFailing } from './media-store.ts';
