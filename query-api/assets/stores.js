// A brand's stores around a place.

import { offerPlaces } from "./place.js";

offerPlaces();
