// What is listed: all markets of all dexs, and the tokens that margin them.

import { info } from "./requests.js";

/** Everything listed, read from the venue's own metadata. `dexs` are names, "" for the first. */
export async function readMarkets() {
  const [dexs, metas, spot] = await Promise.all([info("perpDexs"), info("allPerpMetas"), info("spotMeta")]);
  const names = dexs.map((dex) => dex?.name ?? "");
  const tokens = new Map(spot.tokens.map(({ index, name }) => [index, name]));
  const markets = new Map();
  const collaterals = new Map();
  metas.forEach((meta, index) => {
    const dex = names[index] ?? "";
    const collateral = tokens.get(meta.collateralToken) ?? `token ${meta.collateralToken}`;
    collaterals.set(dex, collateral);
    for (const { name, maxLeverage, isDelisted = false } of meta.universe) {
      markets.set(name, { coin: name, dex, collateral, maxLeverage, isDelisted });
    }
  });
  return { dexs: names, markets, collaterals, places: placesOf(names, collaterals) };
}

/** Where money can be put, as `/sandbox/fund` names it: every dex, and the spot wallet by token. */
function placesOf(names, collaterals) {
  const onDexs = names.map((dex) => {
    const token = collaterals.get(dex) ?? "USDC";
    return { value: `dex ${dex}`, dex, token, label: `${dex || "first dex"} (${token})` };
  });
  const inSpot = [...new Set(collaterals.values())].map((token) => {
    return { value: `spot ${token}`, dex: "spot", token, label: `spot (${token})` };
  });
  return [...onDexs, ...inSpot];
}
