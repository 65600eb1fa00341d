package api

// userVersions is the list of versions of the lists of users. There are none here.
var userVersions = []version{
	{date: "2023-01-01", successor: "2025-02-19", sunset: "2027-07-01"},
	{date: "2025-02-19"},
}
